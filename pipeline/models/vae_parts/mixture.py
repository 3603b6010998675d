"""A prior that fits: a mixture of Gaussians on a trained autoencoder's codes. Ghosh et al. 2020, section 4.

The weights stay as they are. Only where latents come from changes: from where the codes of the training set lie,
not from the standard normal that the training asks them to fill.
"""

from __future__ import annotations

import importlib
import warnings

import numpy as np

from pipeline.core.backend import tf

ITERATIONS, TOLERANCE = 100, 1e-2  # of EM: when the mean log-likelihood of a code moves by less, it ends


class Mixture:
    """`components` Gaussians with full covariances in Z dimensions. Before it is fitted it is one standard normal.

    `classes`: a class's codes share the Gaussians with the others', but have weights of their own; 1: there are none.
    """

    def __init__(self, components: int, latent_dim: int, classes: int = 1):
        first = np.tile(np.arange(components) == 0, (classes, 1))
        factors = np.tile(np.eye(latent_dim, dtype=np.float32), (components, 1, 1))
        self.fitted: dict[str, tf.Variable] = {
            "mixture_weights": tf.Variable(first.astype(np.float32), trainable=False),  # [C, K], the sum of a row is 1
            "mixture_means": tf.Variable(np.zeros((components, latent_dim), np.float32), trainable=False),  # [K, Z]
            "mixture_factors": tf.Variable(factors, trainable=False),  # [K, Z, Z]: lower, of the covariances
        }

    def fit(self, codes: np.ndarray, seed: int, labels: np.ndarray | None = None) -> None:
        """Fits it to codes [N, Z] by EM, from a start that depends on `seed` only. Of fewer codes, fewer components.

        labels: uint8 [N], if there are classes; a class without codes has the weights of all.
        """
        estimators = importlib.import_module("sklearn.mixture")  # a second's import, which no other stage needs
        weights, means, factors = (variable.numpy() for variable in self.fitted.values())
        count = min(len(means), len(codes))
        estimator = estimators.GaussianMixture(
            count, tol=TOLERANCE, max_iter=ITERATIONS, init_params="k-means++", random_state=seed
        )
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", category=importlib.import_module("sklearn.exceptions").ConvergenceWarning)
            estimator.fit(codes.astype(np.float64))  # after so many iterations little is left to gain
        means[:count], factors[:count] = estimator.means_, np.linalg.cholesky(estimator.covariances_)
        weights[:], weights[:, :count] = 0.0, estimator.weights_
        if labels is not None:
            belongs = estimator.predict_proba(codes.astype(np.float64))
            for label in np.unique(labels):
                weights[label, :count] = belongs[labels == label].mean(axis=0)
        for variable, array in zip(self.fitted.values(), (weights, means, factors), strict=True):
            variable.assign(array)

    def latents(self, normals: tf.Tensor, uniforms: tf.Tensor, labels: tf.Tensor | None = None) -> tf.Tensor:
        """Latents [N, Z] from standard normal numbers [N, Z], a number in [0, 1) a row [N], which chooses the Gaussian,
        and the classes int32 [N], if there are any.
        """
        weights, means, factors = self.fitted.values()
        edges = tf.cumsum(weights, axis=1)
        edges = tf.gather(edges / edges[:, -1:], tf.zeros_like(uniforms, tf.int32) if labels is None else labels)
        chosen = tf.reduce_sum(tf.cast(edges <= uniforms[:, tf.newaxis], tf.int32), axis=1)
        return tf.gather(means, chosen) + tf.linalg.matvec(tf.gather(factors, chosen), normals)
