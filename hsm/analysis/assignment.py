"""How alpha deals out gradients to kinds of samples and to class weights: section 3.2's curves."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hsm.analysis.gradients import SoftmaxClassifier
from hsm.analysis.margins import hardest_others
from hsm.analysis.sample_kinds import SampleKind, count_kinds, sample_kinds

FloatArray = NDArray[np.float64]

# The middle half of the samples, and the median.
QUANTILES = (0.25, 0.5, 0.75)
MEDIAN = 1


class WeightRole(IntEnum):
    """What a class's weight is to a sample (Property 3).

    OWN: that of the sample's class, m = y.
    HARDEST: the largest logit's among m != y, a "hard" weight where the sample is incorrect.
    OTHER: any of the rest.
    """

    OWN = 0
    HARDEST = 1
    OTHER = 2


@dataclass(frozen=True)
class GradientAssignment:
    """Euclidean norms of the gradients at `a` values of alpha, by kind of sample.

    The axis of the kinds is ordered as `SampleKind`. Where there is no sample of a kind, or no
    weight of a role, the numbers are NaN.

    Attributes:
        alphas: [a].
        counts: how many samples there are of each kind, int [3].
        features: ||dl/df||, eq. 3, its `QUANTILES` over the samples, [a, 3 kinds, 3 quantiles].
        weights: ||dl/dw_m||, eq. 4, its median over samples and weights, [a, 3 kinds, 3 roles], the
            roles ordered as `WeightRole`.
    """

    alphas: FloatArray
    counts: NDArray[np.int64]
    features: FloatArray
    weights: FloatArray

    def median(self, kind: SampleKind) -> FloatArray:
        """Return the median of ||dl/df|| over the samples of `kind` at each alpha, [a]."""
        return self.features[:, kind, MEDIAN]


def gradient_assignment(
    classifier: SoftmaxClassifier, features: ArrayLike, *, labels: ArrayLike, alphas: ArrayLike
) -> GradientAssignment:
    """Return what samples and weights would get at each of `alphas`, all else unchanged.

    Memory grows with n M, not with the number of alphas.

    Args:
        classifier: weights and bias as they multiply the features; its own alpha, at which the
            model is, decides the kinds.
        features: as the classifier multiplies them, [n, k].
        labels: the samples' classes, int [n], 0..M - 1.
        alphas: reciprocals of temperatures, [a], each at least 0.

    Raises:
        ValueError: If shapes do not match, a number is not finite or out of range, or there are
            fewer than two classes.
    """
    vectors = np.asarray(features, np.float64)
    targets = np.asarray(labels)
    kinds = sample_kinds(classifier, vectors, targets)
    hardest = hardest_others(classifier.logits(vectors), targets)
    values = np.atleast_1d(np.asarray(alphas, np.float64))
    by_features, by_weights = [], []
    for alpha in values:
        there = classifier.at(float(alpha))
        norms = np.linalg.norm(there.feature_gradients(vectors, targets), axis=1)
        by_features.append([_quantiles(norms[kinds == kind]) for kind in SampleKind])
        roles = _weight_norms(there, vectors, targets, hardest=hardest)
        by_weights.append(
            [[_quantiles(role[kinds == kind])[MEDIAN] for role in roles] for kind in SampleKind]
        )
    counts = np.array(list(count_kinds(kinds).values()), np.int64)
    return GradientAssignment(values, counts, np.array(by_features), np.array(by_weights))


def _weight_norms(
    classifier: SoftmaxClassifier,
    features: FloatArray,
    labels: NDArray[np.int64],
    *,
    hardest: NDArray[np.int64],
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return ||dl/dw_m|| of the weights of each role: [n], [n] and [n, M - 2]."""
    errors = classifier.errors(features, labels)
    lengths = np.linalg.norm(features, axis=1, keepdims=True)
    norms = classifier.alpha * np.abs(errors) * lengths
    rows = np.arange(len(norms))
    rest = np.ones(norms.shape, bool)
    rest[rows, labels] = rest[rows, hardest] = False
    return norms[rows, labels], norms[rows, hardest], norms[rest].reshape(len(norms), -1)


def _quantiles(norms: FloatArray) -> FloatArray:
    """Return the `QUANTILES` of all of `norms`, NaN where there are none."""
    return np.quantile(norms, QUANTILES) if norms.size else np.full(len(QUANTILES), np.nan)
