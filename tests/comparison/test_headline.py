from __future__ import annotations

from typing import Any

from pipeline.comparison.headline import headline


def summary(models: dict[str, Any], **trainings: tuple[int, int]) -> Any:
    items = {name: {"failed": failed, "collapsed": collapsed} for name, (failed, collapsed) in trainings.items()}
    claims = {"a": {"verdict": "supported"}, "b": {"verdict": "undecided"}, "c": {"verdict": "contradicted"}}
    return {"models": models, "claims": claims, "items": items}


def metrics(start: float) -> dict[str, Any]:
    names = ("frechet", "precision", "recall", "coverage")
    return {name: {"mean": start + number} for number, name in enumerate(names)}


def test_it_is_flat_small_and_of_the_papers_models_at_their_first_sampler() -> None:
    vae = {"means": metrics(10.0), "bernoulli": metrics(20.0), "likelihood": {"negative_elbo": {"mean": 1.0}}}
    models = {"vae": vae, "vae_b": {"means": metrics(50.0)}, "gan": {"samples": metrics(30.0)}}
    families: Any = {"vae": "vae", "vae_b": "vae", "gan": "gan"}
    numbers = headline(summary(models, **{"vae-0": (0, 0), "gan-0": (1, 0), "gan-1": (0, 1)}), families)
    assert numbers == {
        "vae_frechet": 10.0,
        "vae_recall": 12.0,
        "vae_coverage": 13.0,
        "gan_frechet": 30.0,
        "gan_recall": 32.0,
        "gan_coverage": 33.0,
        "claims_decided": 2,
        "lost": 2,
    }
    assert len(numbers) <= 8
    assert max(map(len, numbers)) <= 14


def test_a_model_whose_trainings_all_failed_has_no_numbers() -> None:
    families: Any = {"vae": "vae", "gan": "gan"}
    numbers = headline(summary({"vae": {}, "gan": {"samples": metrics(1.0)}}, **{"vae-0": (1, 0)}), families)
    assert set(numbers) == {"gan_frechet", "gan_recall", "gan_coverage", "claims_decided", "lost"}
