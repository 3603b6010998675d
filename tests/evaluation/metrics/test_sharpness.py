from __future__ import annotations

import numpy as np
import pytest
import scipy.ndimage

from pipeline.data.dataset import Dataset
from pipeline.evaluation.metrics import sharpness


def test_flat_and_linear_images_have_no_laplacian() -> None:
    ramp = np.broadcast_to(np.linspace(0, 1, 7), (5, 7))
    np.testing.assert_allclose(sharpness.laplacian_variance(np.stack([ramp, 0 * ramp + 0.3])), 0, atol=1e-30)


def test_one_bright_pixel_by_hand() -> None:
    # 5 x 5 with a one in the middle: the 9 inner Laplacians are -4 once, 1 four times, 0 four times.
    image = np.zeros((1, 5, 5))
    image[0, 2, 2] = 1
    assert sharpness.laplacian_variance(image)[0] == pytest.approx((16 + 4) / 9)


def test_agrees_with_scipy() -> None:
    images = np.random.default_rng(0).random((3, 9, 11))
    oracle = [scipy.ndimage.laplace(image)[1:-1, 1:-1].var() for image in images]
    np.testing.assert_allclose(sharpness.laplacian_variance(images), oracle)


def test_the_median_is_scipys(digits: Dataset) -> None:
    noise = np.random.default_rng(0).random((4, 6, 5), dtype=np.float32)
    for images in (digits.test.images[:60] / np.float32(255), noise, noise[:, :1], noise[:, :, :1]):
        oracle = scipy.ndimage.median_filter(images, size=(1, 3, 3), mode="nearest")
        np.testing.assert_array_equal(sharpness.median_filtered(images), oracle)


def test_blur_lowers_and_noise_raises(digits: Dataset) -> None:
    images = digits.test.images[:100] / 255.0
    real = sharpness.laplacian_variance(images).mean()
    blurred = scipy.ndimage.gaussian_filter(images, (0, 1, 1))
    noisy = np.clip(images + np.random.default_rng(0).normal(0, 0.2, images.shape), 0, 1)
    assert sharpness.laplacian_variance(blurred).mean() < 0.3 * real
    assert sharpness.laplacian_variance(noisy).mean() > 1.1 * real  # known: noise reads as sharpness


def test_distance_is_euclidean() -> None:
    images = np.zeros((2, 2, 3))
    images[1] = [[3.0, 0.0, 0.0], [0.0, 4.0, 0.0]]
    assert sharpness.distance_to(images, np.zeros((2, 3))).tolist() == [0.0, 5.0]
