"""The paper's thirteen claims as executable hypotheses: a table of trained models in, a verdict for each out.

A study of other settings only has to add its trainings to the table: a claim that needs them finds them by itself.
Fréchet distances, sharpness and losses are compared as logarithms, so that effects are ratios.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from typing import Literal

from pipeline.comparison import breadth, effects, paper, power, significance
from pipeline.comparison.effects import Measure
from pipeline.comparison.paper import PaperClaim
from pipeline.comparison.significance import Effect
from pipeline.comparison.trained_models import Family, Table
from pipeline.sampling.draws import BERNOULLI, MEANS

LOG_TENTH = math.log(1.1)


@dataclasses.dataclass(frozen=True)
class Claim:
    """`measured`: what decides, in words. `needs`: the trainings without which it is undecided. `bernoulli`: the same
    with the VAE's Bernoulli draws instead of the decoder means, which the paper shows. It is decided separately.
    `beside`: effects that are shown with it and decide nothing. `about`: the families that it speaks of as such.
    """

    measured: str
    parts: Measure
    needs: str = "at least two seeds of both models, better five"
    combine: Literal["all", "some"] = "all"
    bernoulli: Measure | None = None
    beside: Measure | None = None
    about: Sequence[Family] = ()


@dataclasses.dataclass(frozen=True)
class Verdict:
    """The result for one claim.

    `p`: of the direction that the verdict takes, adjusted over all claims. `beside`: effects that are shown and decide
    nothing. `seeds_needed`: how many seeds of each model would decide an undecided one (`comparison.power`), if that
    can be computed. `beyond`: whether other models show the same, a sentence that decides nothing. `bernoulli`: the
    verdict with Bernoulli draws, if the claim is about the VAE's samples.
    """

    id: str
    section: str
    text: str
    measured: str
    verdict: Literal["supported", "contradicted", "undecided"]
    reason: str
    p: float
    parts: list[Effect]
    beside: list[Effect] = dataclasses.field(default_factory=list)
    seeds_needed: int | None = None
    beyond: str = breadth.NOT_TESTED
    bernoulli: Verdict | None = None


def decide(table: Table) -> list[Verdict]:
    """All thirteen, in the paper's order, under Holm's correction. Those with Bernoulli draws are a second family."""
    verdicts = _family({name: claim.parts(table) for name, claim in CLAIMS.items()})
    draws = _family({name: (claim.bernoulli or claim.parts)(table) for name, claim in CLAIMS.items()})
    return [_described(CLAIMS[claim.id], verdicts[claim.id], draws[claim.id], table) for claim in paper.CLAIMS]


def _described(claim: Claim, verdict: Verdict, of_draws: Verdict, table: Table) -> Verdict:
    """The verdict with all that is shown beside it and decides nothing."""
    beyond = [
        breadth.sentence(parts, claim.combine, claim.about, table) if parts else ""
        for parts in (claim.parts, claim.bernoulli)
    ]
    return dataclasses.replace(
        verdict,
        beside=claim.beside(table) if claim.beside else [],
        beyond=beyond[0],
        bernoulli=dataclasses.replace(of_draws, beyond=beyond[1]) if claim.bernoulli else None,
    )


def _family(measured: Mapping[str, list[Effect]]) -> dict[str, Verdict]:
    """Verdicts that are corrected together."""
    directions = {name: _p_values(CLAIMS[name].combine, parts) for name, parts in measured.items()}
    adjusted = significance.holm([min(1.0, 2.0 * min(p)) for p in directions.values()])
    claims = {claim.id: claim for claim in paper.CLAIMS}
    still_open = sum(p >= significance.LEVEL for p in adjusted)
    return {
        name: _verdict(claims[name], measured[name], p, above <= below, still_open)
        for (name, (above, below)), p in zip(directions.items(), adjusted, strict=True)
    }


def _p_values(combine: str, parts: Sequence[Effect]) -> tuple[float, float]:
    """(for, against). `all`: every part must lie above, one that surely lies below refutes (Bonferroni over the parts).
    `some`: one part lies above and another below; against are all above, or none.
    """
    tested = [(p.p_above, p.p_below) for p in parts if p.p_above is not None and p.p_below is not None]
    if not tested:
        return 1.0, 1.0
    above, below = (list(side) for side in zip(*tested, strict=True))
    n = len(parts)
    if combine == "all":
        return max(above) if len(tested) == n else 1.0, min(1.0, n * min(below))
    if len(tested) < n:
        return 1.0, 1.0
    return max(min(1.0, n * min(above)), min(1.0, n * min(below))), min(1.0, 2.0 * min(max(above), max(below)))


def _verdict(claim: PaperClaim, parts: list[Effect], p: float, supports: bool, still_open: int) -> Verdict:
    kind, seeds = CLAIMS[claim.id], None
    word: Literal["supported", "contradicted", "undecided"] = "undecided"
    if p < significance.LEVEL:
        word = "supported" if supports else "contradicted"
        reason = f"decided with {max(part.seeds for part in parts)} seeds of each"
        against = [part.name for part in parts if _side(part) == "against"]
        if not supports and len(against) < len(parts):
            reason += f"; against it: {', '.join(against)}"
    elif min((part.seeds for part in parts), default=0) < 2:
        reason = f"needs {kind.needs}"
    elif any(part.value is None for part in parts):
        reason = "a training has a value of 0 here, as a collapsed model may, so there is no ratio; train it otherwise"
    else:
        seeds = _seeds_needed(kind.combine, parts, supports, still_open)
        reason = (
            f"about {seeds} seeds of each would decide it, with a chance of {power.POWER:.0%}, if the effect is what "
            "was measured"
            if seeds
            else f"the effect lies at its threshold: not even {power.LIMIT} seeds would decide it"
        )
    return Verdict(claim.id, claim.section, claim.text, kind.measured, word, reason, p, parts, seeds_needed=seeds)


def _seeds_needed(combine: str, parts: Sequence[Effect], supports: bool, still_open: int) -> int | None:
    """For the direction towards which the verdict leans, under Holm's correction over the claims that are still open.

    A claim of which one part is enough takes the part that needs the fewest seeds.
    """
    level = significance.LEVEL / (2.0 * still_open)
    above = [part for part in parts if part.value is not None and part.value > part.smallest]
    below = [part for part in parts if part.value is not None and part.value <= part.smallest]
    if combine == "all" and supports:
        return power.seeds_needed(parts, level=level)
    if combine == "some" and not supports:
        return power.seeds_needed(above if len(above) > len(below) else below, level=level / 2.0)
    sides = (above, below) if combine == "some" else (below,)
    fewest = [_fewest(side, level / len(parts)) for side in sides]
    return max((seeds for seeds in fewest if seeds), default=None) if all(fewest) else None


def _fewest(parts: Sequence[Effect], level: float) -> int | None:
    needed = [power.seeds_needed([part], level=level) for part in parts]
    return min((seeds for seeds in needed if seeds), default=None)


def _side(part: Effect) -> str:
    """On which side a part lies by itself, without the correction for thirteen."""
    if part.p_above is not None and part.p_above < significance.LEVEL / 2:
        return "for"
    return "against" if part.p_below is not None and part.p_below < significance.LEVEL / 2 else "open"


CLAIMS = {
    "vae-blurrier": Claim(
        "log ratio of sharpness after a 3 x 3 median, GAN over VAE; matters from 10 %",
        effects.over_vae("sharpness_filtered", MEANS, 1.1),
        bernoulli=effects.over_vae("sharpness_filtered", BERNOULLI, 1.1),
        about=("vae", "gan"),
    ),
    "vae-middle-ground": Claim(
        "log ratio of the mean distance to the mean training image, GAN over VAE; matters from 5 %",
        effects.over_vae("distance_to_mean", MEANS, 1.05),
        bernoulli=effects.over_vae("distance_to_mean", BERNOULLI, 1.05),
        about=("vae", "gan"),
    ),
    "tanh-crisper": Claim(
        "log ratio of sharpness after a 3 x 3 median, tanh over each other output; matters from 10 %",
        effects.against_others(
            "gan", "output_activation", "tanh", "samples/sharpness_filtered", sign=1.0, smallest=LOG_TENTH
        ),
        "GANs with sigmoid and other outputs, two seeds each or more",
    ),
    "hidden-256": Claim(
        "final test loss at each other width less that at 256, nats; matters from 0.5",
        effects.against_others("vae", "hidden_dim", 256, "final/test/loss", sign=-1.0, smallest=0.5, log=False),
        "VAEs of other widths (64 to 1,024, say), two seeds each or more",
    ),
    "gan-hyperparameter-sensitive": Claim(
        "variance of the log Fréchet distance between nine matched settings, less what seeds give, GAN less VAE; "
        "matters from (10 %)^2",
        effects.sensitivity,
        "both models at half and twice their learning rate, batch size, width and lack of momentum, three seeds each",
        beside=effects.sensitivity_without_lost,
    ),
    "gan-early-failure": Claim(
        "log ratio of the generator's loss, first tenth of the iterations over the second half; matters from 10 %",
        effects.mean_of("gan", "first tenth", LOG_TENTH, "early_loss"),
        about=("gan",),
    ),
    "gan-non-convergence": Claim(
        "swing of the snapshots' Fréchet distance about its trend in the second half, relative; matters from 0.10",
        effects.mean_of("gan", "swing", 0.10, "oscillation"),
        about=("gan",),
    ),
    "gan-mode-collapse": Claim(
        "10 less the fewest effective classes of a snapshot in the second half, matters from 2; and classes lost and "
        "found again, a count, from 0.5",
        effects.collapse,
        about=("gan",),
    ),
    "imbalance-starves-generator": Claim(
        "Spearman's correlation of the generator's gradient norm with the discriminator's accuracy, time partialled "
        "out, negated, Fisher's z; matters from r = 0.3",
        effects.mean_of("gan", "correlation", math.atanh(0.3), "starvation_z"),
        about=("gan",),
    ),
    "gan-better-on-some-values": Claim(
        "coverage of each digit, GAN less the better of the VAE's samplers; matters from 0.02; some digits, not all",
        effects.digits,
        combine="some",
        about=("vae", "gan"),
    ),
    "vae-scales-worse": Claim(
        "change of the log Fréchet distance a doubling of the width, VAE less GAN; matters from 0.05",
        effects.scaling,
        "both models at three widths or more, two seeds each or more",
    ),
    "iterations-hurt": Claim(
        "log ratio of the Fréchet distance, longer GAN trainings over the base; matters from 5 %",
        effects.longer,
        "GANs of more iterations (50,000, say), two seeds or more",
    ),
    "vae-cheap-sampling": Claim(
        "log ratio of operations, GAN over VAE: to draw an image, and to train until the Fréchet distance stays within "
        "5 % of its last value; matters from 10 %",
        effects.cheap,
        about=("vae", "gan"),
    ),
}  # fmt: skip
