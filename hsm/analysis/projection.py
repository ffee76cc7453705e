"""Embeddings in two dimensions, to be looked at: PCA and t-SNE, both scikit-learn's."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.decomposition import PCA
from sklearn.manifold import TSNE

METHODS = ("pca", "tsne")

_PERPLEXITY = 30.0


def project(embeddings: ArrayLike, method: str, *, seed: int = 0) -> NDArray[np.float64]:
    """Project embeddings [n, d], n at least 3 and d at least 2, to two dimensions: float64 [n, 2].

    PCA keeps the two directions of the largest variance; distances in it are never larger than the
    true ones. t-SNE keeps neighbourhoods; its distances between groups, and the sizes of groups,
    mean nothing.

    Args:
        embeddings: finite numbers [n, d].
        method: "pca" or "tsne".
        seed: of t-SNE, whose perplexity is 30, or a third of what n allows.

    Raises:
        ValueError: an unknown method, or too few embeddings or dimensions.
    """
    if method not in METHODS:
        raise ValueError(
            f"expected method to be one of {', '.join(METHODS)}. Received: method={method!r}"
        )
    points = np.asarray(embeddings, np.float64)
    if points.ndim != 2 or len(points) < 3 or points.shape[1] < 2:
        raise ValueError(
            "expected embeddings to be at least 3 vectors of at least 2 dimensions. Received: "
            f"shape={points.shape}"
        )
    if method == "pca":
        return PCA(2, svd_solver="full").fit_transform(points)
    perplexity = min(_PERPLEXITY, (len(points) - 1) / 3)
    tsne = TSNE(2, perplexity=perplexity, init="pca", random_state=seed)
    return tsne.fit_transform(points.astype(np.float32)).astype(np.float64)
