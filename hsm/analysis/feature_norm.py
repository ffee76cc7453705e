"""Gradients against the length of the feature where nothing is normalised: eq. 14, 16 and 17."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hsm.analysis.gradients import SoftmaxClassifier
from hsm.metrics.validation import checked_embeddings

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class NormCurves:
    """What `n` samples would get if their features had other lengths, their directions kept.

    Attributes:
        norms: ||f||, [a].
        features: ||dl/df||, eq. 16, [a, n].
        own_weights: ||dl/dw_y||, eq. 17, [a, n].
    """

    norms: FloatArray
    features: FloatArray
    own_weights: FloatArray


def l2_normalize(features: ArrayLike) -> FloatArray:
    """Return f_hat = f / ||f||, [n, k].

    Raises:
        ValueError: If `features` is no finite matrix or has a zero row, which has no direction.
    """
    vectors = checked_embeddings(features, "features").astype(np.float64)
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    if not lengths.all():
        raise ValueError(
            "expected features without zero vectors, which have no direction. Received: zeros in "
            f"row {np.flatnonzero(lengths == 0)[0]}. Leave them out."
        )
    return vectors / lengths


def probabilities_at_norm(
    classifier: SoftmaxClassifier, features: ArrayLike, norm: float
) -> FloatArray:
    """Return p(m | x) of equation 14 for the directions of `features` at length `norm`, [n, M].

        p(m|x) = exp(norm * w_m . f_hat + b_m) / sum over j of exp(norm * w_j . f_hat + b_j)

    The paper's equation has no bias; a classifier with bias=None has none.

    Raises:
        ValueError: As `l2_normalize`, or if `norm` is not positive and finite.
    """
    return classifier.probabilities(_checked_norm(norm) * l2_normalize(features))


def gradient_norms_against_norm(
    classifier: SoftmaxClassifier, features: ArrayLike, *, labels: ArrayLike, norms: ArrayLike
) -> NormCurves:
    """Return how long gradients are at each of `norms`: the curves of Figure 3.

        dl/df   = sum over m of (p(m|x) - q(m|x)) w_m          eq. 16
        dl/dw_m = ||f|| (p(m|x) - q(m|x)) f_hat                eq. 17

    Args:
        classifier: of the unnormalised model, alpha = 1.
        features: of any length; their directions count, [n, k].
        labels: the samples' classes, int [n], 0..M - 1.
        norms: the lengths ||f||, [a], positive.

    Raises:
        ValueError: If shapes do not match, a number is out of range or not finite.
    """
    directions = l2_normalize(features)
    lengths = np.atleast_1d(np.asarray(norms, np.float64))
    by_features, by_weights = [], []
    for norm in lengths:
        scaled = _checked_norm(float(norm)) * directions
        by_features.append(np.linalg.norm(classifier.feature_gradients(scaled, labels), axis=1))
        own = classifier.errors(scaled, labels)[np.arange(len(scaled)), np.asarray(labels)]
        by_weights.append(classifier.alpha * norm * np.abs(own))
    return NormCurves(lengths, np.array(by_features), np.array(by_weights))


def _checked_norm(norm: float) -> float:
    """Return `norm`; raise ValueError unless it is positive and finite."""
    if not (np.isfinite(norm) and norm > 0):
        raise ValueError(f"expected the norm > 0 and finite. Received: norm={norm!r}")
    return norm
