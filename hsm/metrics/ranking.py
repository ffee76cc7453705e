"""R-precision and MAP@R (Musgrave et al. 2020) with the ranks of Recall@K, in one exact pass.

A query has R images of its class to find. Its R nearest neighbours, itself excluded, are looked at:
R-precision is the share of them that are of its class, and its average precision at R is

    1/R * sum over i = 1..R of (precision of the first i if neighbour i is right, else 0).

Neighbours at equal distance stand as in `hsm.metrics.retrieval`: those of other classes first. With
n_j the negatives at most as far as the j-th nearest positive, that positive has place n_j + j, so

    R-precision = 1/R * |{j: n_j + j <= R}|,   AP@R = 1/R * sum over the same j of j / (n_j + j),

and the rank of Recall@K is n_1. One listing of what lies near each query gives all three.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hsm.metrics.distances import ScreenedDistances, in_threads, listed
from hsm.metrics.near_pairs import FloatArray, IntArray, Near, places_among, scores_of
from hsm.metrics.retrieval import (
    Search,
    Singletons,
    checked_search,
    distinct_rows,
    without_singletons,
)

# Distances of a block, in each of the threads: 8 MiB of float32.
_BLOCK = 1 << 21
# About as many pairs of a block are listed; each takes some 100 bytes.
_LISTED = 1 << 19


@dataclass(frozen=True)
class Ranking:
    """How well each query found its class.

    Attributes:
        ranks: int32 [n], see `hsm.metrics.first_positive_ranks`.
        r_precision: float64 [n], in 0..1; 0 for a query that has nothing to find.
        average_precision: float64 [n], at R, in 0..1; 0 for a query that has nothing to find.
    """

    ranks: NDArray[np.int32]
    r_precision: FloatArray
    average_precision: FloatArray


def r_precision(
    embeddings: ArrayLike,
    labels: ArrayLike,
    gallery: ArrayLike | None = None,
    gallery_labels: ArrayLike | None = None,
    *,
    singletons: Singletons = "error",
) -> float:
    """Return the mean share of a query's R nearest neighbours of its class; R is how many exist.

    Example:
        >>> r_precision([[0.0], [0.1], [0.3], [0.6]], [0, 1, 0, 0], singletons="miss")
        0.375

    Arguments and errors are those of `hsm.metrics.recall_at_k`; a "miss" counts as 0.

    Returns:
        The mean over queries, in 0..1.
    """
    ranking = _rank(embeddings, labels, gallery, gallery_labels, singletons)
    return float(ranking.r_precision.mean())


def mean_average_precision_at_r(
    embeddings: ArrayLike,
    labels: ArrayLike,
    gallery: ArrayLike | None = None,
    gallery_labels: ArrayLike | None = None,
    *,
    singletons: Singletons = "error",
) -> float:
    """Return MAP@R: R-precision where a right neighbour counts as the precision up to it.

    Example:
        >>> mean_average_precision_at_r([[0.0], [0.1], [0.3], [0.9]], [0, 0, 1, 1])
        0.75

    Arguments and errors are those of `hsm.metrics.recall_at_k`; a "miss" counts as 0.

    Returns:
        The mean over queries, in 0..1.
    """
    ranking = _rank(embeddings, labels, gallery, gallery_labels, singletons)
    return float(ranking.average_precision.mean())


def rank(search: Search, *, progress: Callable[[int], object] | None = None) -> Ranking:
    """Score every query of `search`.

    Memory: copies of the arrays, and blocks whose size does not grow with n; never n x m.

    Args:
        search: what `hsm.metrics.retrieval.checked_search` returns.
        progress: called with a number of queries whenever so many more are done.
    """
    lookup = _Lookup(search)
    count = len(lookup.rows.classes)
    ranks = np.full(count, np.iinfo(np.int32).max, np.int32)
    shares = np.zeros((2, count))
    # Rows with about as much to find stand in one block.
    order = np.lexsort((lookup.rows.classes, lookup.to_find))
    order = order[lookup.to_find[order] > 0]
    blocks = list(_blocks(order, lookup.to_find[order], len(lookup.columns.classes)))
    for rows, (first, *of_rows) in zip(blocks, in_threads(lookup.find, blocks), strict=True):
        ranks[rows], shares[:, rows] = first, of_rows
        if progress is not None:
            progress(int(lookup.rows.weights[rows].sum()))
    if progress is not None and len(order) < count:
        progress(int(lookup.rows.weights[lookup.to_find == 0].sum()))
    of = lookup.rows.of_image
    return Ranking(ranks[of], shares[0, of], shares[1, of])


def _rank(
    embeddings: ArrayLike,
    labels: ArrayLike,
    gallery: ArrayLike | None,
    gallery_labels: ArrayLike | None,
    singletons: Singletons,
) -> Ranking:
    if singletons == "exclude":
        embeddings, labels = without_singletons(embeddings, labels, gallery_labels)
        singletons = "error"
    return rank(checked_search(embeddings, labels, gallery, gallery_labels, singletons=singletons))


def _blocks(order: IntArray, to_find: IntArray, width: int) -> Iterator[IntArray]:
    """Cut `order` [r], whose rows have ever more `to_find` [r], into blocks of bounded memory."""
    first = 0
    while first < len(order):
        size = max(1, _BLOCK // width)
        most = int(to_find[first : first + size][-1])
        size = max(1, min(size, _LISTED // most))
        yield order[first : first + size]
        first += size


@dataclass(frozen=True)
class _Sites:
    """Places at which images of one class lie: a collapsed embedding is not a slow one.

    Attributes:
        points: float64 [s, k].
        classes: int64 [s], ascending.
        weights: int64 [s], how many images lie there.
        of_image: int64 [n], the site of every image.
    """

    points: FloatArray
    classes: IntArray
    weights: IntArray
    of_image: IntArray

    @classmethod
    def of(cls, vectors: NDArray, labels: IntArray) -> _Sites:
        points, place = distinct_rows(np.asarray(vectors, np.float64))
        names, number = np.unique(labels, return_inverse=True)
        sites, of_image, weights = np.unique(
            number * len(points) + place, return_inverse=True, return_counts=True
        )
        number, place = np.divmod(sites, len(points))
        return cls(points[place], names[number], weights, of_image)

    def weights_of(self, classes: IntArray) -> IntArray:
        """Return how many images each of `classes` has."""
        first, last = (np.searchsorted(self.classes, classes, side) for side in ("left", "right"))
        total = np.append(0, self.weights.cumsum())
        return total[last] - total[first]


class _Lookup:
    """Finds what lies near sites of queries (rows) among sites of the gallery (columns)."""

    def __init__(self, search: Search) -> None:
        self._is_own = search.is_own
        self.columns = _Sites.of(search.gallery, search.gallery_classes)
        self.rows = self.columns if self._is_own else _Sites.of(search.queries, search.classes)
        self.to_find = self.columns.weights_of(self.rows.classes) - self._is_own
        self._distances = ScreenedDistances(self.rows.points, self.columns.points)

    def find(self, rows: IntArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return rank, R-precision and AP@R of `rows` [r], each of which has something to find."""
        scores, error = self._distances.scores(rows)
        if self._is_own:
            alone = np.flatnonzero(self.columns.weights[rows] == 1)
            scores[alone, rows[alone]] = np.inf
        limits = _kth_or_more(scores, int(self.to_find[rows].max()))
        nearest = self._nearest(scores, rows)
        # Of a poor embedding most lies before the nearest positive: it is counted, not listed.
        far = np.flatnonzero(nearest > limits)
        surely = scores[far] < (nearest - 2 * error)[far, None]
        before = np.zeros(len(rows))
        before[far] = surely @ self.columns.weights.astype(np.float32)
        scores[far] = np.where(surely, np.float32(np.inf), scores[far])
        row, column, near = listed(scores, np.maximum(limits, nearest) + 2 * error)
        there = near < np.inf
        pairs = Near.of(row[there], column[there], near[there], error)
        return self._scored(pairs, rows, before)

    def _scored(
        self, near: Near, rows: IntArray, before: FloatArray
    ) -> tuple[FloatArray, FloatArray, FloatArray]:
        weight = self.columns.weights[near.column]
        if self._is_own:
            weight = weight - (near.column == rows[near.row])
        right = self.rows.classes[rows[near.row]] == self.columns.classes[near.column]
        hits = np.repeat(np.flatnonzero(right), weight[right])
        positives = near.at(hits[np.argsort(near.key[hits])])
        negatives = near.at(np.flatnonzero(~right))
        places = places_among(positives, negatives, lambda near: self._exact(near, rows))
        return scores_of(
            positives.row, places, negatives.row, weight[~right], before, self.to_find[rows]
        )

    def _exact(self, near: Near, rows: IntArray) -> FloatArray:
        return self._distances.exact(rows[near.row], near.column)

    def _nearest(self, scores: NDArray[np.float32], rows: IntArray) -> NDArray[np.float32]:
        """Return the score [r] of what lies nearest of each row's own class."""
        classes, columns = self.rows.classes[rows], self.columns.classes
        starts = np.flatnonzero(np.append(True, classes[1:] != classes[:-1]))
        firsts = np.searchsorted(columns, classes[starts], side="left")
        lasts = np.searchsorted(columns, classes[starts], side="right")
        return np.concatenate(
            [
                part[:, first:last].min(axis=1)
                for part, first, last in zip(
                    np.split(scores, starts[1:]), firsts, lasts, strict=True
                )
            ]
        )


def _kth_or_more(scores: NDArray[np.float32], k: int) -> NDArray[np.float32]:
    """Return for each row [r] a value that at least `k` of its scores are at most."""
    height, width = scores.shape
    if k >= width:
        return np.full(height, np.inf, np.float32)
    # The k-th smallest of the minima of groups is one, and little more than the k-th smallest.
    group = min(max(1, width // (8 * k)), 64)
    groups = width // group
    minima = scores[:, : groups * group].reshape(height, group, groups).min(axis=1)
    return np.partition(minima, k - 1, axis=1)[:, k - 1].copy()
