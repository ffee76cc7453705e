"""k-means and normalised mutual information (section 5.2).

NMI(Y, C) = I(Y; C) / mean(H(Y), H(C)). The paper cites Schütze et al. (2008), whose mean is the
arithmetic one; the released code's scikit-learn took the geometric one, which is never smaller.
"""

from __future__ import annotations

import warnings
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.cluster import KMeans
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import normalized_mutual_info_score
from threadpoolctl import threadpool_limits

from hsm.metrics.validation import checked_embeddings, checked_labels, checked_positive


def cluster(
    embeddings: ArrayLike, num_clusters: int, seed: int = 0, n_init: int = 10
) -> NDArray[np.int32]:
    """Assigns every vector to one of `num_clusters` clusters: k-means with k-means++ starts.

    The same arguments give the same clusters: sums run in one thread, whose order is fixed.

    Args:
        embeddings: [n, k]; k-means runs in float32.
        num_clusters: 1..n.
        seed: of the random starts, 0..2**32 - 1.
        n_init: starts, of which the one with the smallest within-cluster distances is kept.

    Returns:
        Cluster numbers, int32 [n], 0..num_clusters - 1.

    Raises:
        ValueError: non-finite vectors, fewer vectors than clusters, or counts below 1.
    """
    points = checked_embeddings(embeddings).astype(np.float32)
    if len(points) < checked_positive(num_clusters, "num_clusters"):
        raise ValueError(
            "num_clusters must not exceed the number of vectors. "
            f"Received: num_clusters={num_clusters} for {len(points)} vectors. "
            "Pass more vectors or fewer clusters."
        )
    starts = checked_positive(n_init, "n_init")
    model = KMeans(num_clusters, init="k-means++", n_init=starts, random_state=seed)
    with threadpool_limits(limits=1), warnings.catch_warnings():
        # Fewer distinct points than clusters is a collapsed embedding: a result, not a fault.
        warnings.simplefilter("ignore", ConvergenceWarning)
        return model.fit_predict(points).astype(np.int32)


def nmi(
    labels: ArrayLike,
    clusters: ArrayLike,
    average: Literal["geometric", "arithmetic"] = "arithmetic",
) -> float:
    """Normalised mutual information between classes and clusters, 0..1.

    Args:
        labels: integers [n], the classes.
        clusters: integers [n], the clusters; their numbering does not matter.
        average: the mean of the two entropies that divides the mutual information.

    Raises:
        ValueError: arrays of different lengths, or an unknown average.
    """
    if average not in ("geometric", "arithmetic"):
        raise ValueError(
            f"average must be 'geometric' or 'arithmetic'. Received: average={average!r}."
        )
    classes = checked_labels(labels, None)
    assigned = checked_labels(clusters, len(classes), "clusters")
    return float(normalized_mutual_info_score(classes, assigned, average_method=average))
