"""Gradients of the softmax cross entropy in closed form, equations 1, 3, 4, 11 and 12, in float64.

Section 3.2 asks how alpha deals out gradients to samples and to class weights. Its formulas are
written here without automatic differentiation, a sample at a time and not averaged over a batch.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hsm.metrics.validation import checked_embeddings, checked_labels

FloatArray = NDArray[np.float64]


class SoftmaxClassifier:
    """The softmax classifier of equation 1 in float64.

        logits = alpha * (f @ W + b)      scale_bias=True, equation 1
        logits = alpha * (f @ W) + b      scale_bias=False, the released code

    Features and weights are used as they are. For section 3.2 pass them as the classifier
    multiplies them: LN's features at unit length, W with columns of unit length.

    Args:
        weights: w, [k, M]: one column w_m a class.
        bias: b, [M]; None for zeros.
        alpha: reciprocal of the temperature; at least 0.
        scale_bias: whether alpha multiplies b.

    Raises:
        ValueError: If `weights` is no finite matrix, `bias` is not [M] or not finite, or `alpha` is
            negative or not finite.
    """

    def __init__(
        self,
        weights: ArrayLike,
        bias: ArrayLike | None = None,
        *,
        alpha: float = 1.0,
        scale_bias: bool = True,
    ) -> None:
        self.weights: FloatArray = checked_embeddings(weights, "weights").astype(np.float64)
        classes = self.weights.shape[1]
        self.bias = np.zeros(classes) if bias is None else np.asarray(bias, np.float64)
        if self.bias.shape != (classes,) or not np.isfinite(self.bias).all():
            raise ValueError(
                f"expected bias to be finite, one entry for each of the {classes} columns of "
                f"weights. Received: bias of shape {self.bias.shape}"
            )
        if not (np.isfinite(alpha) and alpha >= 0):
            raise ValueError(f"expected alpha >= 0 and finite. Received: alpha={alpha!r}")
        self.alpha = alpha
        self.scale_bias = scale_bias

    def at(self, alpha: float) -> SoftmaxClassifier:
        """Return the same classifier at another alpha, which is at least 0."""
        return SoftmaxClassifier(self.weights, self.bias, alpha=alpha, scale_bias=self.scale_bias)

    def logits(self, features: ArrayLike) -> FloatArray:
        """Return alpha * z of equation 1, [n, M], for `features` [n, k]."""
        logits: FloatArray = self.alpha * (self._checked(features) @ self.weights)
        return logits + (self.alpha if self.scale_bias else 1.0) * self.bias

    def probabilities(self, features: ArrayLike) -> FloatArray:
        """Return p(m | x, alpha) of equation 1, [n, M], for `features` [n, k]."""
        logits = self.logits(features)
        exponentials = np.exp(logits - logits.max(axis=1, keepdims=True))
        return exponentials / exponentials.sum(axis=1, keepdims=True)

    def feature_gradients(self, features: ArrayLike, labels: ArrayLike) -> FloatArray:
        """Return every sample's dl/df = alpha * sum_m (p_m - q_m) w_m, equation 3.

        Args:
            features: f, [n, k].
            labels: the classes, int [n], 0..M - 1.

        Returns:
            [n, k].
        """
        return self.alpha * self.errors(features, labels) @ self.weights.T

    def weight_gradients(self, features: ArrayLike, labels: ArrayLike) -> FloatArray:
        """Return every sample's dl/dw_m = alpha * (p_m - q_m) f, equation 4.

        Args:
            features: f, [n, k].
            labels: the classes, int [n], 0..M - 1.

        Returns:
            [n, M, k].
        """
        errors = self.errors(features, labels)
        return self.alpha * errors[:, :, None] * self._checked(features)[:, None, :]

    def errors(self, features: ArrayLike, labels: ArrayLike) -> FloatArray:
        """Return p - q of equation 2, [n, M]; q is 1 at the label and 0 elsewhere.

        Raises:
            ValueError: If `labels` [n] are not integers in 0..M - 1.
        """
        errors = self.probabilities(features)
        targets = checked_labels(labels, len(errors))
        if targets.min() < 0 or targets.max() >= errors.shape[1]:
            raise ValueError(
                f"expected labels in 0..{errors.shape[1] - 1}, the columns of weights. "
                f"Received: labels from {targets.min()} to {targets.max()}"
            )
        errors[np.arange(len(errors)), targets] -= 1.0
        return errors

    def _checked(self, features: ArrayLike) -> FloatArray:
        """Return `features` as float64 [n, k]."""
        array = checked_embeddings(features, "features").astype(np.float64)
        if array.shape[1] != len(self.weights):
            raise ValueError(
                f"expected features of {len(self.weights)} dimensions, the rows of weights. "
                f"Received: features.shape={array.shape}"
            )
        return array


def gradient_before_normalization(gradients: ArrayLike, features: ArrayLike) -> FloatArray:
    """Return dl/df from dl/df_hat where f_hat = f / ||f||, equations 11 and 12.

        dl/df = (dl/df_hat)^T (I - f_hat f_hat^T) / ||f||

    Args:
        gradients: dl/df_hat, [n, k].
        features: f before normalisation, [n, k]; no row is zero.

    Returns:
        [n, k].

    Raises:
        ValueError: If the shapes differ, a number is not finite or a row of `features` is zero.
    """
    upstream, vectors = checked_pair(gradients, features)
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    if not lengths.all():
        raise ValueError(
            "expected features without zero vectors, which have no direction. Received: zeros in "
            f"row {np.flatnonzero(lengths == 0)[0]}. Leave them out."
        )
    units = vectors / lengths
    return (upstream - units * (upstream * units).sum(axis=1, keepdims=True)) / lengths


def checked_pair(gradients: ArrayLike, features: ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Return both as float64 [n, k].

    Raises:
        ValueError: If their shapes differ or a number is not finite.
    """
    slopes = checked_embeddings(gradients, "gradients").astype(np.float64)
    vectors = checked_embeddings(features, "features").astype(np.float64)
    if slopes.shape != vectors.shape:
        raise ValueError(
            "expected gradients and features of the same shape. "
            f"Received: gradients.shape={slopes.shape}, features.shape={vectors.shape}"
        )
    return slopes, vectors
