"""Which samples are incorrect, boundary or centroid ones: the three kinds of section 3.2."""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hsm.analysis.gradients import SoftmaxClassifier
from hsm.analysis.margins import margins

FloatArray = NDArray[np.float64]

# Half-way between the decision boundary (0) and the centre of the class (1).
HALF_WAY = 0.5


class SampleKind(IntEnum):
    """The kinds of section 3.2.

    INCORRECT: another class has as large a logit as the sample's own or a larger one.
    BOUNDARY: correct, and nearer to the decision boundary than to the centre of its class.
    CENTROID: correct, and at least half-way from the decision boundary to the centre.
    """

    INCORRECT = 0
    BOUNDARY = 1
    CENTROID = 2


def centrality(classifier: SoftmaxClassifier, features: ArrayLike, labels: ArrayLike) -> FloatArray:
    """Return where every sample is between the decision boundary (0) and its class's centre (1).

    The paper calls samples "close to the decision boundary" and "laying close to the center of the
    region that belongs to the category" without a number. Here it is the ratio of two margins,

        r = margin(f) / margin(||f|| w_y / ||w_y||),   margin(f) = z_y(f) - max_{m != y} z_m(f)

    The centre is the direction of the class's weight, to which the loss pulls its samples, at the
    sample's own length. So r depends on directions: neither alpha nor the lengths of features and
    weights that are multiplied by one number change it, but for the bias. Beyond the centre r can
    be more than 1; it is 0 or less exactly for incorrect samples.

    Args:
        classifier: with the weights as they multiply the features.
        features: as the classifier multiplies them, [n, k].
        labels: the samples' classes, int [n], 0..M - 1.

    Returns:
        [n]. Where even the centre is classified otherwise, as beside a much longer weight, the
        least positive number for correct samples, and -inf for incorrect ones.

    Raises:
        ValueError: If shapes do not match, a number is not finite or there are fewer than two
            classes.
    """
    own = margins(classifier.logits(features), labels)
    vectors = np.asarray(features, np.float64)
    weights = classifier.weights[:, np.asarray(labels)].T
    lengths = np.linalg.norm(weights, axis=1, keepdims=True)
    directions = np.divide(weights, lengths, out=np.zeros_like(weights), where=lengths > 0)
    centres = np.linalg.norm(vectors, axis=1, keepdims=True) * directions
    centre_margins = margins(classifier.logits(centres), labels)
    without = np.where(own > 0, np.finfo(np.float64).tiny, -np.inf)
    return np.divide(own, centre_margins, out=without, where=centre_margins > 0)


def sample_kinds(
    classifier: SoftmaxClassifier, features: ArrayLike, labels: ArrayLike
) -> NDArray[np.int64]:
    """Return the `SampleKind` of every sample, int64 [n]; see there and `centrality`.

    Arguments and errors are those of `centrality`.
    """
    places = centrality(classifier, features, labels)
    kinds = np.where(places >= HALF_WAY, SampleKind.CENTROID, SampleKind.BOUNDARY)
    return np.where(places > 0, kinds, SampleKind.INCORRECT).astype(np.int64)


def count_kinds(kinds: ArrayLike) -> Mapping[SampleKind, int]:
    """Return how many of `kinds`, int [n], are of each kind, zeros included."""
    values = np.asarray(kinds)
    return {kind: int(np.count_nonzero(values == kind)) for kind in SampleKind}
