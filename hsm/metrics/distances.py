"""Which points lie within a radius of a query: as exact as float64 loops, as fast as float32.

Squared Euclidean distances are defined by d(q, p) = sum_i (q_i - p_i)^2 in float64, so equal
vectors are at equal distances. Computing that for all pairs is slow; |p|^2 - 2 q.p, a matrix
product in float32, orders almost all of them. Pairs that its rounding error could decide are
computed again by the definition, hence every answer is the definition's.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

# Elements of a temporary array: 16 MiB of float32.
_BLOCK = 1 << 22
# Queries and points of one tile of scores: each side of the product stays in a core's cache.
_TILE = (512, 4096)
# Unit roundoff of float32.
_ROUNDOFF = 2.0**-24


class ScreenedDistances:
    """Squared distances of queries [n, k] to points [m, k], both float64 and finite.

    Memory: copies of the arguments, and blocks whose size does not grow with n; never n x m.
    """

    def __init__(self, queries: FloatArray, points: FloatArray) -> None:
        # A power of two leaves every mantissa as it is, and no square overflows after it.
        exponent = _exponent(queries, points)
        self._queries = np.ldexp(queries, -exponent)
        self._points = np.ldexp(points, -exponent)
        # Without the common offset, a nearly collapsed embedding keeps its digits in float32.
        centre = np.median(self._points, axis=0)
        exponent = _exponent(self._queries - centre, self._points - centre)
        self._scale = 2.0 ** (-2 * exponent)
        rows = np.ldexp(self._queries - centre, -exponent).astype(np.float32)
        columns = np.ldexp(self._points - centre, -exponent).astype(np.float32)
        self._square = np.square(rows, dtype=np.float64).sum(axis=1)
        square = np.square(columns, dtype=np.float64).sum(axis=1)
        self._left = np.hstack([-2.0 * rows, np.ones((len(rows), 1), np.float32)])
        self._right = np.hstack([columns, square[:, None].astype(np.float32)])
        self._error = _score_error(self._square, square.max(), rows.shape[1])

    def exact(self, rows: IntArray, columns: IntArray) -> FloatArray:
        """Squared distances [p] of the pairs (rows[i], columns[i]), by the definition."""
        result = np.empty(len(rows))
        for part in _slices(len(rows), _BLOCK // self._queries.shape[1]):
            difference = self._queries[rows[part]] - self._points[columns[part]]
            result[part] = np.square(difference).sum(axis=1)
        return result

    def nearest(
        self, rows: IntArray, columns: IntArray, *, skip: IntArray, weights: IntArray
    ) -> tuple[FloatArray, IntArray]:
        """The smallest distance from each of `rows` to `columns`, and how often it occurs.

        Args:
            rows: queries [r].
            columns: points [c] to look at.
            skip: [r] the position in `columns` that a query leaves out, or -1.
            weights: [c] how many images lie at each of `columns`.

        Returns:
            Squared distances [r], and the summed weights [r] of the columns at that distance.
            Infinity and 0 for a query that leaves out its only column.
        """
        distance = np.full(len(rows), np.inf)
        ties = np.zeros(len(rows), np.int64)
        for part in _slices(len(rows), _BLOCK // len(columns)):
            scores = self._left[rows[part]] @ self._right[columns].T
            skipping = np.flatnonzero(skip[part] >= 0)
            scores[skipping, skip[part][skipping]] = np.inf
            limit = scores.min(axis=1) + 2.0 * self._error[rows[part]]
            near, column = np.nonzero((scores <= limit[:, None]) & (scores < np.inf))
            candidates = self.exact(rows[part][near], columns[column])
            near += part.start
            np.minimum.at(distance, near, candidates)
            np.add.at(ties, near, weights[column] * (candidates == distance[near]))
        return distance, ties

    def candidates(
        self, k: int, *, skip: IntArray
    ) -> Iterator[tuple[IntArray, IntArray, FloatArray]]:
        """Pairs among which are the `k` nearest points of every query, all ties included.

        Args:
            k: at least 1, and at most the number of points that no query leaves out.
            skip: [n] the point that a query leaves out, or -1.

        Yields:
            For blocks of queries: query [p], ascending, point [p], and squared distance [p] by the
            definition, in a unit that is the same for all pairs.
        """
        for part in _slices(len(self._left), _BLOCK // len(self._right)):
            scores = self._left[part] @ self._right.T
            skipping = np.flatnonzero(skip[part] >= 0)
            scores[skipping, skip[part][skipping]] = np.inf
            kth = np.partition(scores, k - 1, axis=1)[:, k - 1]
            limit = kth + 2.0 * self._error[part]
            row, column = np.nonzero((scores <= limit[:, None]) & (scores < np.inf))
            row += part.start
            yield row, column, self.exact(row, column)

    def count_within(
        self,
        radii: FloatArray,
        weights: IntArray,
        *,
        progress: Callable[[int], object] | None = None,
    ) -> IntArray:
        """For each query, the summed weights [n] of the points at distance <= its radius.

        Args:
            radii: [n] squared distances, as `nearest` returns them.
            weights: [m] how many images lie at each point, at least 1.
            progress: called with a number of queries whenever so many more are done.
        """
        parts = list(_slices(len(radii), _TILE[0]))
        # Of a tile, most time goes to work that NumPy does in one thread.
        with threadpool_limits(limits=1, user_api="blas"), ThreadPoolExecutor(_cores()) as pool:
            counts = []
            for count in pool.map(lambda rows: self._count_rows(rows, radii, weights), parts):
                counts.append(count)
                if progress is not None:
                    progress(len(count))
        return np.concatenate(counts)

    def _count_rows(self, rows: slice, radii: FloatArray, weights: IntArray) -> IntArray:
        """`count_within` for some queries."""
        tiles = _slices(len(weights), _TILE[1])
        return sum(
            (self._count_tile(rows, columns, radii[rows], weights[columns]) for columns in tiles),
            start=np.zeros(rows.stop - rows.start, np.int64),
        )

    def _count_tile(
        self, rows: slice, columns: slice, radii: FloatArray, weights: IntArray
    ) -> IntArray:
        """`count_within` for some queries and some points."""
        scores = self._left[rows] @ self._right[columns].T
        limit, error = radii * self._scale - self._square[rows], self._error[rows]
        # Few points are near: to list them is faster than further passes over all scores.
        near = np.flatnonzero(scores <= _column(limit + error))
        row, column = np.divmod(near, len(weights))
        inside = scores.ravel()[near] <= (limit - error).astype(np.float32)[row]
        undecided = np.flatnonzero(~inside)
        inside[undecided] = (
            self.exact(row[undecided] + rows.start, column[undecided] + columns.start)
            <= radii[row[undecided]]
        )
        counts = np.bincount(row[inside], weights[column[inside]], minlength=len(radii))
        return counts.astype(np.int64)


def _cores() -> int:
    return len(os.sched_getaffinity(0))


def _exponent(*arrays: FloatArray) -> int:
    """The power of two that brings the largest magnitude of `arrays` into [0.5, 1); 0 for zeros."""
    return int(np.frexp(max(np.abs(array).max() for array in arrays))[1])


def _score_error(query_squares: FloatArray, largest_square: float, dimension: int) -> FloatArray:
    """A bound [n] on the error of |p|^2 - 2 q.p in float32, thresholds' rounding included.

    With u the unit roundoff, the product of k + 1 terms, its rounded factors and the threshold err
    by at most (k + 8) u (2 |q| |p| + |p|^2 + |q|^2) to first order, and the parenthesis is at most
    2 (|q|^2 + |p|^2).
    The larger constant covers the higher orders, and the definition's own rounding in float64.
    """
    return 2.0 * (dimension + 16) * _ROUNDOFF * (query_squares + largest_square)


def _column(values: FloatArray) -> NDArray[np.float32]:
    """`values` [n] as float32 [n, 1]."""
    return values.astype(np.float32)[:, None]


def _slices(count: int, step: int) -> Iterator[slice]:
    """Cuts `count` items into slices of `step`, at least 1; the last may be shorter."""
    step = max(1, step)
    return (slice(start, min(start + step, count)) for start in range(0, count, step))
