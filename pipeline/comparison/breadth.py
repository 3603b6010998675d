"""How far a verdict reaches: whether other models of a family show what the paper's show. Words, and never a verdict.

The others are the base VAE with other latent sizes, and every other variant as params.yaml has it. Only the means over
their seeds are looked at, so this is a description without a test.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Literal

from pipeline.comparison.significance import Effect
from pipeline.comparison.trained_models import Family, Table, TrainedModel, base, varied

NOT_TESTED = "Not tested beyond the paper's models."
LATENT_SIZES = (2, 4, 8, 16, 32)


def sentence(
    measure: Callable[[Table], Sequence[Effect]],
    combine: Literal["all", "some"],
    families: Sequence[Family],
    table: Table,
) -> str:
    """In how many other entries of the families the effect lies where the claim says.

    Args:
      measure: the claim's effects of a table. combine: as the claim combines them.
      families: whose models the claim speaks of; without any, nothing is tested beyond the paper's.
    """
    seen = {
        name: shown
        for name, others in _entries(families, table).items()
        if (shown := _shown(measure(others), combine)) is not None
    }
    if not seen:
        return NOT_TESTED
    present, absent = ([name for name, shown in seen.items() if shown is wanted] for wanted in (True, False))
    shorter = f": {', '.join(present)}" if len(present) <= len(absent) else f"; not in {', '.join(absent)}"
    where = shorter if present and absent else f" ({', '.join(seen)})"
    return f"Beyond the paper's models: what it says is seen in {len(present)} of {len(seen)} entries{where}."


def _entries(families: Sequence[Family], table: Table) -> dict[str, list[TrainedModel]]:
    """Name -> a table in which the entry stands for the paper's model of its family."""
    found = {}
    for family in families:
        other: Family = "vae" if family == "gan" else "gan"
        for name, trained in _others(family, table).items():
            found[name] = [*trained, *base(table, other)]
    return found


def _others(family: Family, table: Table) -> Mapping[str, list[TrainedModel]]:
    found: dict[str, list[TrainedModel]] = {}
    at_base = base(table, family)
    if family == "vae":
        by_size = varied(table, family, "latent_dim", LATENT_SIZES)
        sizes = {size: trained for size, trained in by_size.items() if trained[0].settings != at_base[0].settings}
        found = {f"{at_base[0].variant} with {size} latents": trained for size, trained in sizes.items()}
    of_sizes = [model for trained in found.values() for model in trained]
    for model in table:
        other = model.family == family and model.usual and at_base and model.variant != at_base[0].variant
        if other and not any(_equal(model, of_size) for of_size in of_sizes):
            found.setdefault(model.variant, []).append(model)
    return found


def _equal(one: TrainedModel, other: TrainedModel) -> bool:
    """Whether they are one training under two names, as vae16 is a size of vae. A study's numbers have six digits."""
    if (one.seed, one.settings) != (other.seed, other.settings):
        return False
    shared = one.metrics.keys() & other.metrics.keys()
    return all(math.isclose(one.metrics[name], other.metrics[name], rel_tol=1e-5) for name in shared)


def _shown(parts: Sequence[Effect], combine: str) -> bool | None:
    """None: it cannot be measured there, as a model may lack a sampler."""
    above = [part.value > part.smallest for part in parts if part.value is not None]
    if not parts or len(above) < len(parts):
        return None
    return all(above) if combine == "all" else any(above) and not all(above)
