from __future__ import annotations

import numpy as np
import pytest

from pipeline import models
from pipeline.core.backend import tf
from pipeline.core.errors import UserError
from pipeline.models import gan
from pipeline.models.parts import fast_ops, losses
from tests.models.test_contract import CLASSES, batch, build, key, settings, train_step

pytestmark = pytest.mark.slow  # each test compiles a training step


def test_parameters_are_the_papers() -> None:
    counts = {name: network.count_params() for name, network in build("gan").networks.items()}
    assert counts == {"generator": 114_064, "discriminator": 100_609}


def test_generator_ends_in_tanh_and_slopes_are_the_papers() -> None:
    networks = build("gan").networks
    assert networks["generator"].get_layer("pixels").activation.__name__ == "tanh"
    assert {n.get_layer("leaky_relu").negative_slope for n in networks.values()} == {0.01}


@pytest.mark.parametrize(("update", "steps"), [("separate", 2), ("joint", 1)])
def test_discriminator_takes_as_many_adam_steps_as_the_algorithm_says(update: str, steps: int) -> None:
    model = build("gan", discriminator_update=update)
    train_step(model)
    taken = {name.split("/")[0]: int(v) for name, v in model.state.items() if name.endswith("/iteration")}
    assert taken == {"d_optimizer": steps, "g_optimizer": 1}


def test_joint_update_logs_the_means_of_the_undivided_batches() -> None:
    model = build("gan", discriminator_update="joint")
    draw = tf.function(lambda: fast_ops.standard_normal((10, 100), key()), jit_compile=True)
    latents = draw()[5:]  # the first half is the generator's
    fakes = 2 * model.sample(latents) - 1
    logits = [model.networks["discriminator"](x) for x in (2 * batch() - 1, fakes)]
    expected_loss = np.mean([np.mean(losses.real_or_fake(ls, r)) for ls, r in zip(logits, (True, False), strict=True)])
    expected_accuracy = (np.mean(logits[0].numpy() > 0) + np.mean(logits[1].numpy() <= 0)) / 2
    scalars = train_step(model)
    np.testing.assert_allclose(scalars["d_loss"], expected_loss, rtol=1e-5)
    np.testing.assert_allclose(scalars["d_accuracy"], expected_accuracy, rtol=1e-6)


def test_separate_update_scores_fakes_after_the_update_on_reals() -> None:
    separate, joint = (train_step(build("gan", discriminator_update=u)) for u in ("separate", "joint"))
    assert float(separate["d_loss"]) != float(joint["d_loss"])


def test_first_update_of_the_generator_is_adams() -> None:
    # From zero, Adam's first step is rate * sign(g) wherever |g| is far above epsilon, which saturated pixels are not.
    model = build("gan")
    kernel = model.networks["generator"].get_layer("pixels").kernel
    before = kernel.numpy()
    train_step(model)
    moved = np.abs(before - kernel.numpy())
    assert np.isclose(moved, 1e-3, rtol=5e-2).mean() > 0.9


def test_generator_step_leaves_the_discriminator_alone() -> None:
    model = gan.build(settings("gan"), 0, CLASSES)
    before = [w.numpy() for w in model.networks["discriminator"].weights]
    model.update_generator(lambda: gan._generator_loss(model, tf.zeros((5, 100))))
    assert all(
        np.array_equal(w.numpy(), b) for w, b in zip(model.networks["discriminator"].weights, before, strict=True)
    )


def test_discriminate_takes_images_in_the_unit_range() -> None:
    model = build("gan")
    function, inputs = model.signatures()["discriminate"]
    assert inputs == {"images": models.Spec((28, 28, 1))}
    expected = tf.sigmoid(model.networks["discriminator"](2 * batch() - 1))
    np.testing.assert_allclose(function(batch())["probability"], expected)


def test_rows_and_snapshots_must_end_together() -> None:
    with pytest.raises(UserError, match="snapshot_every must be a multiple of log_every"):
        settings("gan", log_every=30)
