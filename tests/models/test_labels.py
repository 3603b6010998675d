"""A class-conditional model uses its label: a judge reads what it was told to draw."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline import models
from pipeline.data.dataset import Dataset
from pipeline.evaluation.judges import classifier
from pipeline.evaluation.judges.classifier import Judge
from pipeline.sampling import draws
from pipeline.training import loop
from tests.models.test_contract import build

pytestmark = [pytest.mark.slow, pytest.mark.full]

LONG_ENOUGH = {
    "cvae": {"epochs": 60, "snapshot_every": 60},
    "cgan": {"iterations": 3000, "averaging": 0.99},
}


@pytest.fixture(scope="module")
def judge(digits: Dataset) -> object:
    settings = Judge(seeds=[0], epochs=4, batch_size=128, learning_rate=0.003, control_images=10)
    judges = {0: classifier.build_judge(0, 10)}
    for _ in classifier.train_judges(judges, digits.train, settings):
        pass
    return judges[0]


@pytest.mark.parametrize("name", sorted(LONG_ENOUGH))
def test_what_is_drawn_is_what_was_asked_for(name: str, judge: object, digits: Dataset) -> None:
    model = build(name, **LONG_ENOUGH[name])
    schedule = models.variant(name).schedule(model.config, len(digits.train.images))
    for _ in loop.fit(model, digits.train, digits.test, schedule=schedule, seed=0):
        pass
    asked = np.arange(500, dtype=np.int32) % 10
    images = draws.to_uint8(draws.draw(model.sample, draws.latents(500, model.latent_dim, seed=0), asked))
    read = classifier.extract(judge, images)[1].argmax(axis=1)
    assert np.mean(read == asked) > 0.5  # of ten; a VAE that has seen 4,000 digits draws many that are none
    swapped = draws.to_uint8(draws.draw(model.sample, draws.latents(500, model.latent_dim, seed=0), 9 - asked))
    read = classifier.extract(judge, swapped)[1].argmax(axis=1)
    assert np.mean(read == asked) < 0.1  # the same latents, told otherwise
