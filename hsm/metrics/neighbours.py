"""The nearest neighbours of some queries, exact and in bounded memory, by recall's own rules.

An image is not its own neighbour, and among neighbours at equal distance those of other classes
come first. A query therefore has rank r in `hsm.metrics.first_positive_ranks` if and only if
its first neighbour of its own class is neighbour r, counting from 0.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hsm.metrics.distances import ScreenedDistances, power_of_two
from hsm.metrics.validation import checked_embeddings, checked_labels, checked_positive

IntArray = NDArray[np.int64]


@dataclass(frozen=True)
class Neighbours:
    """What lies nearest to each query, the nearest first.

    Attributes:
        indices: int64 [q, k], into the gallery, or into the embeddings where there is none.
        distances: float64 [q, k], Euclidean.
        right: bool [q, k], whether a neighbour is of the query's class.
    """

    indices: IntArray
    distances: NDArray[np.float64]
    right: NDArray[np.bool_]


def nearest_neighbours(
    embeddings: ArrayLike,
    labels: ArrayLike,
    k: int,
    *,
    rows: ArrayLike | None = None,
    gallery: ArrayLike | None = None,
    gallery_labels: ArrayLike | None = None,
) -> Neighbours:
    """Return the `k` nearest neighbours of some embeddings, by Euclidean distance in float64.

    Args:
        embeddings: [n, d], integers or floats, compared as they are.
        labels: integers [n], their classes.
        k: at least 1; beyond what there is to find, everything is found.
        rows: integers [q], the queries among the embeddings; None: all of them.
        gallery: [m, d], where to search; None: among the other embeddings.
        gallery_labels: integers [m], required with `gallery`.

    Raises:
        ValueError: contradicting or non-finite arrays, a row that does not exist, or nothing to
            search.
    """
    points = checked_embeddings(embeddings)
    classes = checked_labels(labels, len(points))
    chosen = _checked_rows(rows, len(points))
    if (gallery is None) != (gallery_labels is None):
        raise ValueError(
            "expected gallery and gallery_labels together, or neither. Received: one of them"
        )
    searched, searched_classes, own = points, classes, True
    if gallery is not None and gallery_labels is not None:
        searched, own = checked_embeddings(gallery, "gallery"), False
        searched_classes = checked_labels(gallery_labels, len(searched), "gallery_labels")
    most = len(searched) - own
    if most < 1 or searched.shape[1] != points.shape[1]:
        raise ValueError(
            f"expected another vector to find, as long as the queries'. Received: {most} of length "
            f"{searched.shape[1]} for queries of length {points.shape[1]}. Embed both with one "
            "model."
        )
    queries, candidates = points[chosen].astype(np.float64), searched.astype(np.float64)
    right_of = _Classes(classes[chosen], searched_classes)
    skip = chosen if own else np.full(len(chosen), -1)
    indices = _sorted(queries, candidates, min(checked_positive(k, "k"), most), skip, right_of)
    return Neighbours(
        indices,
        _distances(queries, candidates, indices),
        right_of(np.arange(len(chosen))[:, None], indices),
    )


@dataclass(frozen=True)
class _Classes:
    """Which pairs of a query and a point are of one class."""

    queries: IntArray
    points: IntArray

    def __call__(self, rows: IntArray, columns: IntArray) -> NDArray[np.bool_]:
        return self.queries[rows] == self.points[columns]


def _sorted(
    queries: NDArray[np.float64],
    points: NDArray[np.float64],
    k: int,
    skip: IntArray,
    right: _Classes,
) -> IntArray:
    """Return the points [q, k] nearest to each query; of equals other classes, then by index."""
    blocks = []
    for rows, columns, distances in ScreenedDistances(queries, points).candidates(k, skip=skip):
        order = np.lexsort((columns, right(rows, columns), distances, rows))
        _, first = np.unique(rows, return_index=True)
        blocks.append(columns[order][first[:, None] + np.arange(k)])
    return np.concatenate(blocks)


def _distances(
    queries: NDArray[np.float64], points: NDArray[np.float64], indices: IntArray
) -> NDArray[np.float64]:
    """Return Euclidean distances [q, k] to the points that `indices` names; no square overflows."""
    exponent = power_of_two(queries, points)
    near, far = np.ldexp(queries, -exponent), np.ldexp(points, -exponent)
    lengths = [np.linalg.norm(near - far[column], axis=1) for column in indices.T]
    return np.ldexp(np.stack(lengths, axis=1), exponent)


def _checked_rows(rows: ArrayLike | None, count: int) -> IntArray:
    """Return `rows` as int64 [q], each an index of `count` vectors."""
    if rows is None:
        return np.arange(count)
    chosen = checked_labels(rows, None, "rows")
    if chosen.min() < 0 or chosen.max() >= count:
        raise ValueError(
            f"expected rows to be indices of the {count} vectors, 0..{count - 1}. Received: "
            f"{chosen.min()}..{chosen.max()}"
        )
    return chosen
