from __future__ import annotations

import pytest

from pipeline.comparison import flops
from pipeline.core.errors import UserError
from tests.comparison.cards import dense_network, layer, model_card

# The paper's networks: inputs x outputs + outputs parameters of each dense layer.
ENCODER = dense_network(784 * 256 + 256, 256 * 2 + 2, 256 * 2 + 2)
DECODER = dense_network(2 * 256 + 256, 256 * 784 + 784)
GENERATOR = dense_network(100 * 128 + 128, 128 * 784 + 784)
DISCRIMINATOR = dense_network(784 * 128 + 128, 128 + 1)
VAE = model_card("vae", {"encoder": ENCODER, "decoder": DECODER}, batch_size=100)
GAN = model_card("gan", {"generator": GENERATOR, "discriminator": DISCRIMINATOR}, batch_size=128)


def test_the_networks_have_the_papers_number_of_parameters() -> None:
    networks = (ENCODER, DECODER, GENERATOR, DISCRIMINATOR)
    assert [network["parameters"] for network in networks] == [201_988, 202_256, 114_064, 100_609]


def test_drawing_costs_two_operations_a_parameter() -> None:
    assert flops.count(VAE).image == 404_512
    assert flops.count(GAN).image == 228_128


def test_steps_by_hand() -> None:
    assert flops.count(VAE).step == 100 * 6 * 404_244
    # Reals and fakes: 12 D + 2 G (the fakes' own making); the generator's turn: 6 G + 4 D.
    assert flops.count(GAN).step == 128 * (16 * 100_609 + 8 * 114_064)


def test_a_dense_layer_by_hand() -> None:
    # 7 inputs, 5 outputs: 7 x 5 weights and 5 biases are 40 parameters. Each is multiplied and added once: 80.
    dense = layer("dense", "Dense", [5], 40)
    assert flops.forward_pass({"parameters": 40, "layers": [dense]}) == 80


def test_a_dense_layer_along_a_row_is_applied_at_each_place() -> None:
    # The same layer on [3, 7]: the 40 parameters once at each of the 3 places: 3 x 80.
    dense = layer("dense", "Dense", [3, 5], 40)
    assert flops.forward_pass({"parameters": 40, "layers": [dense]}) == 240


def test_a_convolution_by_hand() -> None:
    # 5 x 5 pixels of 2 channels, 4 filters of 3 x 3, no padding: 3 x 3 = 9 positions of output.
    # 3 x 3 x 2 x 4 = 72 weights and 4 biases. At each position every one of the 76 is multiplied and added once:
    # 2 x 76 x 9 = 1,368. By outputs: 9 x 4 = 36 of them, each of 18 products, 18 additions and 2 for the bias: 36 x 38.
    image = layer("image", "Input", [5, 5, 2], 0)
    convolution = layer("convolution", "Conv2D", [3, 3, 4], 76, inputs=("image",))
    assert flops.forward_pass({"parameters": 76, "layers": [image, convolution]}) == 1368 == 36 * 38


def test_a_transposed_convolution_by_hand() -> None:
    # 4 x 4 pixels of 3 channels, 2 filters of 3 x 3, stride 2, padding: 8 x 8 positions of output.
    # 3 x 3 x 2 x 3 = 54 weights: each pixel of the *input* is spread by all of them, 2 x 54 x 16 = 1,728 operations.
    # 2 biases at each of the 64 positions of the *output*, 2 operations each: 2 x 2 x 64 = 256.
    small = layer("small", "Input", [4, 4, 3], 0)
    widen = layer("widen", "Conv2DTranspose", [8, 8, 2], 56, inputs=("small",)) | {"kernel_parameters": 54}
    assert flops.forward_pass({"parameters": 56, "layers": [small, widen]}) == 1728 + 256


def test_layers_add_up_and_those_without_parameters_cost_nothing() -> None:
    layers = [
        layer("image", "Input", [5, 5, 2], 0),
        layer("convolution", "Conv2D", [3, 3, 4], 76, inputs=("image",)),
        layer("wavelet", "AnythingWithoutParameters", [36], 0, inputs=("convolution",)),
        layer("dense", "Dense", [10], 370, inputs=("wavelet",)),
    ]
    assert flops.forward_pass({"parameters": 446, "layers": layers}) == 1368 + 740


def test_an_unknown_layer_with_parameters_is_refused() -> None:
    memory = layer("memory", "LSTM", [8], 100)
    with pytest.raises(UserError, match=r"^memory: .*got LSTM; add it to pipeline/comparison/flops.py$"):
        flops.forward_pass({"parameters": 100, "layers": [memory]})
