"""The page's section on the paper's claims: verdict, reason, effects."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypedDict

from pipeline.comparison.summary import ClaimSummary, EffectNumbers, Summary
from pipeline.evaluation.judges.control_sets import FLOOR
from pipeline.sampling.draws import BERNOULLI

# What the claims measure that are also decided with Bernoulli draws.
METRIC_OF_DRAWS = {"vae-blurrier": "sharpness_filtered", "vae-middle-ground": "distance_to_mean"}


class ClaimText(TypedDict):
    """A claim for both templates. `word`: its name in the strip. `draws`: the result with Bernoulli draws, or empty.
    `beyond`: whether other models show the same.
    """

    id: str
    word: str
    mark: str
    section: str
    text: str
    verdict: str
    reason: str
    measured: str
    parts: list[str]
    p: str
    draws: str
    beyond: str


MARKS = {"supported": "\u2713", "contradicted": "\u2717", "undecided": "?"}  # so that colour is not all


def rows(summary: Summary) -> list[ClaimText]:
    """Every claim, in the paper's order."""
    return [
        {
            "id": claim["id"],
            "word": claim["id"].replace("-", " "),
            "mark": MARKS[claim["verdict"]],
            "section": claim["section"],
            "text": claim["text"],
            "verdict": claim["verdict"],
            "reason": claim["reason"],
            "measured": claim["measured"],
            "parts": _parts(claim["parts"]) + _parts(claim["beside"]),
            "p": _p(claim["p"]),
            "draws": _draws(claim, summary),
            "beyond": claim["beyond"],
        }
        for claim in summary["claims"].values()
    ]


def counts(summary: Summary) -> str:
    """How many claims have which verdict."""
    verdicts = [claim["verdict"] for claim in summary["claims"].values()]
    return ", ".join(f"{verdicts.count(word)} {word}" for word in ("supported", "contradicted", "undecided"))


def _p(p: float) -> str:
    """0 is that of effects which no seed changes."""
    return f"p = {p:.2g}." if p else "Counted, the same for every seed: no p."


def _draws(claim: ClaimSummary, summary: Summary) -> str:
    """The verdict with Bernoulli draws, and a warning if these exceed real digits by the noise of their pixels."""
    if "bernoulli" not in claim:
        return ""
    draws, metric = claim["bernoulli"], METRIC_OF_DRAWS[claim["id"]]
    means = [
        by_sampler[BERNOULLI][metric]["mean"] for by_sampler in summary["models"].values() if BERNOULLI in by_sampler
    ]
    noisy = bool(means) and max(means) > summary["controls"][FLOOR][metric]
    warning = "; these draws exceed real digits only because their pixels are noisy, so this is no advantage"
    return f"{draws['verdict']} ({'; '.join(_parts(draws['parts'])) or 'not measured'}){warning if noisy else ''}"


def _parts(parts: Mapping[str, EffectNumbers]) -> list[str]:
    return [f"{name}: {_effect(part)}" for name, part in parts.items() if part["value"] is not None]


def _effect(part: EffectNumbers) -> str:
    low, high = part["low"], part["high"]
    known = low is not None and high is not None and low < high
    return f"{part['value']:.3f}" + (f" [{low:.3f}, {high:.3f}]" if known else "")
