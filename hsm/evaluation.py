"""Section 5.2: embed every test image once, then score the vectors.

Features are scaled to unit length, a query looks for its class among all other test images (or in a
gallery), and k-means with as many clusters as test classes is compared with the classes by NMI.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hsm.metrics.clustering import cluster, nmi
from hsm.metrics.ranking import rank
from hsm.metrics.retrieval import checked_search
from hsm.metrics.validation import (
    checked_embeddings,
    checked_ks,
    checked_labels,
    checked_positive,
)


class NonFiniteFeaturesError(ValueError, FloatingPointError):
    """A network gives NaN or infinity: most often its training diverged in the last step."""


@dataclass(frozen=True)
class Evaluation:
    """What one evaluation found. Metrics are fractions, 0..1.

    Attributes:
        num_queries: images that were looked up.
        num_gallery: images that were searched, or None where queries search each other.
        num_classes: distinct classes of the queries.
        recall: K -> Recall@K.
        r_precision: mean share of a query's R nearest neighbours that are of its class, of which R
            others exist (`hsm.metrics.r_precision`).
        map_at_r: mean average precision at R (`hsm.metrics.mean_average_precision_at_r`).
        nmi_geometric: NMI with the geometric mean of the entropies; None with a gallery, for which
            the paper reports recall only.
        nmi_arithmetic: the same with the arithmetic mean.
        ranks: int32 [num_queries], negatives at most as far as the nearest positive.
        query_scores: of each query, float64 [num_queries]: "r_precision" and "map_at_r", whose
            means are above.
    """

    num_queries: int
    num_gallery: int | None
    num_classes: int
    recall: dict[int, float]
    r_precision: float
    map_at_r: float
    nmi_geometric: float | None
    nmi_arithmetic: float | None
    ranks: NDArray[np.int32] = field(repr=False, compare=False)
    query_scores: dict[str, NDArray[np.float64]] = field(repr=False, compare=False)

    def hits(self, k: int) -> NDArray[np.bool_]:
        """Return which queries have their class among their `k` neighbours: bool [num_queries]."""
        return self.ranks < checked_positive(k, "k")

    def to_json(self) -> dict[str, Any]:
        """Return the metrics as JSON types; K's become strings, single queries are left out."""
        return {
            "recall": {str(k): value for k, value in self.recall.items()},
            "r_precision": self.r_precision,
            "map_at_r": self.map_at_r,
            "nmi_geometric": self.nmi_geometric,
            "nmi_arithmetic": self.nmi_arithmetic,
            "num_queries": self.num_queries,
            "num_gallery": self.num_gallery,
            "num_classes": self.num_classes,
        }


def embed(
    features_fn: Callable[[Any], ArrayLike],
    batches: Iterable[tuple[Any, ArrayLike]],
    *,
    num_examples: int,
    progress: Callable[[int], object] | None = None,
) -> tuple[NDArray[np.float32], NDArray[np.int32]]:
    """Run `features_fn` over every batch and keep all vectors, in order.

    Args:
        features_fn: images [b, ...] -> float vectors [b, k].
        batches: (images, labels [b]) pairs that hold each image once.
        num_examples: how many images there are in all.
        progress: called after every batch with the number of images in it.

    Returns:
        Vectors float32 [num_examples, k] and labels int32 [num_examples].

    Raises:
        ValueError: more or fewer images than `num_examples`, or vectors that are not a matrix with
            one row an image.
        NonFiniteFeaturesError: a NaN or infinity (the image's index is named).
    """
    features = np.empty((0, 0), np.float32)
    labels = np.empty(checked_positive(num_examples, "num_examples"), np.int32)
    done = 0
    for images, batch_labels in batches:
        vectors = _checked_vectors(features_fn(images), len(np.asarray(batch_labels)), first=done)
        stop = done + len(vectors)
        if stop > num_examples:
            raise _wrong_count(num_examples, f"at least {stop}")
        if done == 0:
            features = np.empty((num_examples, vectors.shape[1]), np.float32)
        features[done:stop], labels[done:stop] = vectors, batch_labels
        done = stop
        if progress is not None:
            progress(len(vectors))
    if done != num_examples:
        raise _wrong_count(num_examples, str(done))
    return features, labels


def evaluate(
    features: ArrayLike,
    labels: ArrayLike,
    *,
    ks: Sequence[int],
    seed: int = 0,
    n_init: int = 10,
    normalize: bool = True,
    gallery: ArrayLike | None = None,
    gallery_labels: ArrayLike | None = None,
    progress: Callable[[int], object] | None = None,
) -> Evaluation:
    """Score feature vectors by what lies near them and, without a gallery, by clustering.

    Args:
        features: [n, k], as the model gives them.
        labels: integers [n].
        ks: the K's of Recall@K.
        seed: of k-means.
        n_init: starts of k-means.
        normalize: scale every vector to unit length first, as section 5.2 does.
        gallery: [m, k], where queries are looked up; None: among each other.
        gallery_labels: integers [m].
        progress: called with a number of queries whenever so many more are looked up.

    Raises:
        ValueError: as `hsm.metrics.recall_at_k` and `hsm.metrics.cluster` raise it.
    """
    checked = checked_ks(ks)
    prepare = damped_unit_length if normalize else checked_embeddings
    queries = prepare(features, name="features")
    classes = checked_labels(labels, len(queries))
    searched = None if gallery is None else prepare(gallery, name="gallery")
    ranking = rank(checked_search(queries, classes, searched, gallery_labels), progress=progress)
    num_classes = len(np.unique(classes))
    clusters = None if searched is not None else cluster(queries, num_classes, seed, n_init)
    return Evaluation(
        num_queries=len(queries),
        num_gallery=None if searched is None else len(searched),
        num_classes=num_classes,
        recall={k: float(np.mean(ranking.ranks < k)) for k in checked},
        r_precision=float(ranking.r_precision.mean()),
        map_at_r=float(ranking.average_precision.mean()),
        nmi_geometric=None if clusters is None else nmi(classes, clusters, "geometric"),
        nmi_arithmetic=None if clusters is None else nmi(classes, clusters, "arithmetic"),
        ranks=ranking.ranks,
        query_scores={
            "r_precision": ranking.r_precision,
            "map_at_r": ranking.average_precision,
        },
    )


def damped_unit_length(
    values: ArrayLike, epsilon: float = 0.0, name: str = "values"
) -> NDArray[np.float32]:
    """Return `values` [n, k] in float32, each row x / sqrt(sum(x**2) + epsilon); zeros stay.

    With epsilon = 0 the rows get unit length (section 5.2). The released code tests features with
    epsilon = 1e-4. `name` is what an error calls the values.
    """
    checked = checked_embeddings(values, name)
    rows = checked if checked.dtype.kind == "f" else checked.astype(np.float64)
    # A power of two for each row changes no mantissa, and keeps its squares from overflowing; where
    # epsilon stands beside them, only large ones are scaled.
    exponents = np.frexp(np.abs(rows).max(axis=1, keepdims=True))[1]
    exponents = np.maximum(exponents, 0) if epsilon else exponents
    vectors = np.ldexp(rows, -exponents).astype(np.float32)
    squares = np.square(vectors).sum(axis=1, keepdims=True)
    squares += np.ldexp(np.float32(epsilon), -2 * exponents)
    return vectors / np.sqrt(np.where(squares > 0.0, squares, np.float32(1.0)))


def _checked_vectors(values: ArrayLike, count: int, *, first: int) -> NDArray[np.float32]:
    """Return a batch's vectors as finite float32 [count, k]; `first` is its first image's index."""
    vectors = np.asarray(values, np.float32)
    if vectors.ndim != 2 or len(vectors) != count:
        raise ValueError(
            f"expected features_fn to return one vector an image. Received: shape={vectors.shape} "
            f"for a batch of {count}, from image {first} on"
        )
    bad = np.flatnonzero(~np.isfinite(vectors).all(axis=1))
    if bad.size:
        raise NonFiniteFeaturesError(
            "expected features_fn to return finite vectors. Received: NaN or infinity for image "
            f"{first + bad[0]} (counting from 0). Look for a training that diverged: a lower "
            "learning rate usually helps."
        )
    return vectors


def _wrong_count(expected: int, received: str) -> ValueError:
    """Return the error for batches that leave images out or repeat them."""
    return ValueError(
        f"expected batches to hold each of the num_examples={expected} images once. Received: "
        f"{received} images. Do not drop, repeat or pad batches for evaluation."
    )
