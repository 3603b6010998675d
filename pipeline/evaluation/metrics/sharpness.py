"""How sharp images are, and how near they lie to the middle of the data."""

from __future__ import annotations

import numpy as np

from pipeline.evaluation.metrics.pairwise import over_rows


def laplacian_variance(images: np.ndarray) -> np.ndarray:
    """Variance of the discrete Laplacian over an image, float64 [N]. Pech-Pacheco et al. 2000.

    It grows with edges, and with noise as well: an image of noise is no sharp image.

    Args:
      images: [N, H, W] in [0, 1]; the border of one pixel has no Laplacian and is left out.
    """

    def variances(rows: slice) -> np.ndarray:
        x = images[rows].astype(np.float64)
        neighbours = x[:, :-2, 1:-1] + x[:, 2:, 1:-1] + x[:, 1:-1, :-2] + x[:, 1:-1, 2:]
        laplacian: np.ndarray = neighbours - 4.0 * x[:, 1:-1, 1:-1]
        variance: np.ndarray = laplacian.var(axis=(1, 2))
        return variance

    return np.concatenate(over_rows(variances, len(images)))


def distance_to(images: np.ndarray, centre: np.ndarray) -> np.ndarray:
    """Euclidean distance of each image to `centre`, float64 [N], in units of a pixel's full range.

    Args:
      images: [N, H, W] in [0, 1].
      centre: [H, W] in [0, 1], such as the mean image of the data.
    """

    def distances(rows: slice) -> np.ndarray:
        squares: np.ndarray = np.square(images[rows].astype(np.float64) - centre).sum(axis=(1, 2))
        distance: np.ndarray = np.sqrt(squares)
        return distance

    return np.concatenate(over_rows(distances, len(images)))


def median_filtered(images: np.ndarray) -> np.ndarray:
    """Each pixel the median of its 3 x 3 neighbourhood: lone pixels of noise go, strokes stay. [N, H, W].

    Beyond the border the image goes on as it ends. The median of nine is that of three: the largest least, the middle
    middle and the smallest largest of the columns (Smith 1996), which neighbours have in common.
    """

    def filtered(rows: slice) -> np.ndarray:
        x = np.pad(images[rows], ((0, 0), (1, 1), (1, 1)), mode="edge")
        least, middle, largest = _sorted(x[:, :-2], x[:, 1:-1], x[:, 2:])
        of_least, of_middle, of_largest = (
            _sorted(column[..., :-2], column[..., 1:-1], column[..., 2:]) for column in (least, middle, largest)
        )
        return _sorted(of_least[2], of_middle[1], of_largest[0])[1]

    return np.concatenate(over_rows(filtered, len(images)))


def _sorted(a: np.ndarray, b: np.ndarray, c: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The least, the middle and the largest of three, place by place."""
    low, high = np.minimum(a, b), np.maximum(a, b)
    return np.minimum(low, c), np.maximum(low, np.minimum(high, c)), np.maximum(high, c)


def grey_share(images: np.ndarray) -> np.ndarray:
    """Share of the pixels of each image in (.1, .9), float64 [N]: neither ink nor paper. Images in [0, 1]."""
    share: np.ndarray = ((images > 0.1) & (images < 0.9)).mean(axis=(1, 2))
    return share
