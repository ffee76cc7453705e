"""k-means and normalised mutual information (section 5.2).

NMI(Y, C) = I(Y; C) / mean(H(Y), H(C)). The paper cites Schütze et al. (2008), whose mean is the
arithmetic one; the released code's scikit-learn took the geometric one, which is never smaller.
"""

from __future__ import annotations

import warnings
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.cluster import KMeans
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import normalized_mutual_info_score
from threadpoolctl import threadpool_limits

from hsm.metrics.distances import power_of_two
from hsm.metrics.seeding import greedy_kmeans_plusplus
from hsm.metrics.validation import checked_embeddings, checked_labels, checked_positive

# Beyond, the starts are what takes scikit-learn's time: clusters times vectors times trials.
_MOST_OF_SCIKIT_LEARN = 1000


def cluster(
    embeddings: ArrayLike, num_clusters: int, seed: int = 0, n_init: int = 10
) -> NDArray[np.int32]:
    """Assign every vector to one of `num_clusters` clusters: k-means with k-means++ starts.

    The same arguments give the same clusters: sums run in one thread, whose order is fixed, or with
    more than 1,000 clusters in two, whose order does not matter. Up to 1,000 clusters the result is
    scikit-learn's own; beyond, only the starts are ours.

    Example:
        >>> groups = cluster([[0.0], [0.1], [5.0], [5.1]], num_clusters=2)
        >>> nmi([7, 7, 8, 8], groups)
        1.0

    Args:
        embeddings: [n, k] of any finite scale; k-means runs in float32.
        num_clusters: 1..n.
        seed: of the random starts, 0..2**32 - 1.
        n_init: starts, of which the one with the smallest within-cluster distances is kept.

    Returns:
        Cluster numbers, int32 [n], 0..num_clusters - 1.

    Raises:
        ValueError: non-finite vectors, fewer vectors than clusters, or counts below 1.
    """
    points = _scaled(checked_embeddings(embeddings))
    if len(points) < checked_positive(num_clusters, "num_clusters"):
        raise ValueError(
            "expected num_clusters to be at most the number of vectors. Received: "
            f"num_clusters={num_clusters} for {len(points)} vectors. Pass more vectors or fewer "
            "clusters."
        )
    starts = checked_positive(n_init, "n_init")
    few = num_clusters <= _MOST_OF_SCIKIT_LEARN
    with threadpool_limits(limits=1 if few else 2), warnings.catch_warnings():
        # Fewer distinct points than clusters is a collapsed embedding: a result, not a fault.
        warnings.simplefilter("ignore", ConvergenceWarning)
        if few:
            model = KMeans(num_clusters, init="k-means++", n_init=starts, random_state=seed)
            return model.fit_predict(points).astype(np.int32)
        return _best_of(points, num_clusters, seed, starts).astype(np.int32)


def _scaled(vectors: NDArray[Any]) -> NDArray[np.float32]:
    """Return the vectors with a largest magnitude below 1, so that no square overflows or vanishes.

    A power of two changes no mantissa, and so no cluster.
    """
    points = np.asarray(vectors, None if vectors.dtype.kind == "f" else np.float64)
    return np.ldexp(points, -power_of_two(points)).astype(np.float32)


def _best_of(
    points: NDArray[np.float32], num_clusters: int, seed: int, starts: int
) -> NDArray[np.int32]:
    """Return the clusters of the start with the smallest within-cluster distances."""
    models = (
        KMeans(
            num_clusters,
            init=greedy_kmeans_plusplus(points, num_clusters, np.random.default_rng([seed, start])),
            n_init=1,
        ).fit(points)
        for start in range(starts)
    )
    return min(models, key=lambda model: model.inertia_).labels_


def nmi(
    labels: ArrayLike,
    clusters: ArrayLike,
    average: Literal["geometric", "arithmetic"] = "arithmetic",
) -> float:
    """Return normalised mutual information between classes and clusters, 0..1.

    Example:
        >>> round(nmi([0, 0, 1, 1], [0, 0, 1, 2]), 3)
        0.8

    Args:
        labels: integers [n], the classes.
        clusters: integers [n], the clusters; their numbering does not matter.
        average: the mean of the two entropies that divides the mutual information.

    Raises:
        ValueError: arrays of different lengths, or an unknown average.
    """
    if average not in ("geometric", "arithmetic"):
        raise ValueError(
            f"expected average to be 'geometric' or 'arithmetic'. Received: average={average!r}"
        )
    classes = checked_labels(labels, None)
    assigned = checked_labels(clusters, len(classes), "clusters")
    return float(normalized_mutual_info_score(classes, assigned, average_method=average))
