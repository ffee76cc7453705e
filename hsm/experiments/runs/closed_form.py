"""A trained network's classifier in closed form, and features as it multiplies them."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hsm.analysis import SoftmaxClassifier
from hsm.models import EmbeddingModel

_SHORTEST = 1e-6  # What a shorter vector is divided by; its square is L2Normalize's epsilon.


def closed_form(model: EmbeddingModel) -> SoftmaxClassifier:
    """Return the classifier in float64 at its present alpha; weights at unit length but for SM."""
    weights = np.asarray(model.classifier.kernel, np.float64)
    if model.head.normalize_kernel:
        weights = weights / np.linalg.norm(weights, axis=0).clip(_SHORTEST)
    bias = np.asarray(model.classifier.bias, np.float64)
    return SoftmaxClassifier(weights, bias, alpha=float(model.alpha), scale_bias=model.scale_bias)


def classifier_inputs(model: EmbeddingModel, features: ArrayLike) -> NDArray[np.float64]:
    """Return what the classifier multiplies, [n, k]: LN's features at unit length, others raw.

    Args:
        model: the network.
        features: what `model.features` returned, [n, k].
    """
    vectors = np.asarray(features, np.float64)
    if model.head.normalization != "l2":
        return vectors
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True).clip(_SHORTEST)
