from __future__ import annotations

from pipeline import costs

VAE = {
    "networks": {"encoder": {"parameters": 201_988}, "decoder": {"parameters": 202_256}},
    "settings": {"batch_size": 100},
}
GAN = {
    "networks": {"generator": {"parameters": 114_064}, "discriminator": {"parameters": 100_609}},
    "settings": {"batch_size": 128},
}


def test_drawing_costs_two_operations_a_parameter() -> None:
    assert costs.sampling_flops(VAE) == 404_512
    assert costs.sampling_flops(GAN) == 228_128


def test_steps_by_hand() -> None:
    assert costs.step_flops(VAE) == 100 * 6 * 404_244
    # Reals and fakes: 12 D + 2 G (the fakes' own making); the generator's turn: 6 G + 4 D.
    assert costs.step_flops(GAN) == 128 * (16 * 100_609 + 8 * 114_064)


def test_settled_is_from_where_all_stay_within_five_percent() -> None:
    assert costs.settled_at([1, 2, 3, 4, 5], [9.0, 10.2, 12.0, 10.4, 10.0]) == 4
    assert costs.settled_at([1, 2], [10.0, 10.0]) == 1
    assert costs.settled_at([], []) is None
    assert costs.settled_at([1, 2, 3], [30.0, 20.0, 10.0]) is None  # still falling: only the last is near the last
