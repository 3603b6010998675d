"""The check of the whole params.yaml, which DVC does not do: it passes over unknown keys and double items."""

from __future__ import annotations

from pathlib import Path

from pipeline import config, evaluation, judge, models, params
from pipeline.errors import UserError


def check(path: Path = config.PATH) -> params.Params:
    """The settings, each checked, each model's by its own file. Raises `UserError` where one is wrong."""
    checked = params.read(path)
    for family, listed in (("vae", checked.vaes), ("gan", checked.gans)):
        for name in listed:
            models.configure(name, checked.models[name])
            if models.family(name) != family:
                raise UserError(f"{path}: {family}s must name models of that family; got {name!r}; move it")
    judge.configure(checked.judge)
    evaluation.configure(checked.evaluate)
    return checked
