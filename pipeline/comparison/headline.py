"""report/headline.json: the few numbers that tell one run of the pipeline from another; what DVC shows as metrics."""

from __future__ import annotations

from collections.abc import Mapping

from pipeline.comparison.summary import Summary, papers_models
from pipeline.comparison.trained_models import Family

METRICS = ("frechet", "recall", "coverage")


def headline(summary: Summary, families: Mapping[str, Family]) -> dict[str, float]:
    """At most eight numbers, flat, each name of 14 letters at most.

    `vae_<metric>`, `gan_<metric>`: means over the seeds of the paper's VAE (its first sampler, decoder means) and GAN;
    left out if all trainings failed. `claims_decided`: of the paper's thirteen. `lost`: trainings that ended non-finite
    or collapsed.
    """
    numbers: dict[str, float] = {}
    for family, variant in papers_models(families).items():
        samplers = [by_name for name, by_name in summary["models"][variant].items() if name != "likelihood"]
        numbers |= {f"{family}_{name}": by_name[name]["mean"] for by_name in samplers[:1] for name in METRICS}
    decided = sum(claim["verdict"] != "undecided" for claim in summary["claims"].values())
    lost = sum(training["failed"] or training["collapsed"] for training in summary["items"].values())
    return {**numbers, "claims_decided": decided, "lost": lost}
