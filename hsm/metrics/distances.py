"""Which points lie within a radius of a query: as exact as float64 loops, as fast as float32.

Squared Euclidean distances are defined by d(q, p) = sum_i (q_i - p_i)^2 in float64, so equal
vectors are at equal distances. Computing that for all pairs is slow; |q|^2 + |p|^2 - 2 q.p, a
matrix product in float32, orders almost all of them. Pairs that its rounding error could decide are
computed again by the definition, hence every answer is the definition's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from hsm.cores import usable_cores

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
_Part = TypeVar("_Part")
_Result = TypeVar("_Result")

# Elements of a temporary array: 16 MiB of float32.
_BLOCK = 1 << 22
# Queries and points of one tile of scores: each side of the product stays in a core's cache.
_TILE = (512, 1024)
# Unit roundoff of float32.
_ROUNDOFF = 2.0**-24


class ScreenedDistances:
    """Squared distances of queries [n, k] to points [m, k], both float64 and finite.

    Memory: copies of the arguments, and blocks whose size does not grow with n; never n x m.
    """

    def __init__(self, queries: FloatArray, points: FloatArray) -> None:
        # A power of two leaves every mantissa as it is, and no square overflows after it.
        exponent = power_of_two(queries, points)
        self._points = np.ldexp(points, -exponent)
        self._queries = self._points if queries is points else np.ldexp(queries, -exponent)
        # Without the common offset, a nearly collapsed embedding keeps its digits in float32.
        centre = np.median(self._points, axis=0)
        exponent = power_of_two(self._queries - centre, self._points - centre)
        self._scale = 2.0 ** (-2 * exponent)
        rows = np.ldexp(self._queries - centre, -exponent).astype(np.float32)
        columns = np.ldexp(self._points - centre, -exponent).astype(np.float32)
        row_squares, column_squares = (
            np.square(part, dtype=np.float64).sum(axis=1) for part in (rows, columns)
        )
        # Their product is the sum of all three terms of a squared distance.
        one = np.ones(1, np.float32)
        self._left = _columns(-2.0 * rows, one, row_squares)
        self._right = _columns(columns, column_squares, one)
        self._error = score_error(row_squares, column_squares.max(), rows.shape[1])

    def scores(self, rows: IntArray) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return squared distances [r, m] from `rows` to all points, and their error [r].

        Their unit is not that of `exact`.
        """
        return self._left[rows] @ self._right.T, self._error[rows].astype(np.float32)

    def factors(self, rows: IntArray) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return [r, k + 2] of queries and points `rows`: the scores are left @ right.T."""
        return self._left[rows], self._right[rows]

    def limits(
        self, rows: IntArray, radii: FloatArray
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return scores [r] up to which points are surely, and possibly, within the radii [r]."""
        limit, error = radii * self._scale, self._error[rows]
        return (limit - error).astype(np.float32), (limit + error).astype(np.float32)

    def exact(self, rows: IntArray, columns: IntArray) -> FloatArray:
        """Return squared distances [p] of the pairs (rows[i], columns[i]), by the definition."""
        result = np.empty(len(rows))
        for part in slices(len(rows), _BLOCK // self._queries.shape[1]):
            difference = self._queries[rows[part]] - self._points[columns[part]]
            result[part] = np.square(difference).sum(axis=1)
        return result

    def nearest(
        self, rows: IntArray, columns: IntArray, *, skip: IntArray, weights: IntArray
    ) -> tuple[FloatArray, IntArray]:
        """Return the smallest distance from each of `rows` to `columns`, and how often it occurs.

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
        for part in slices(len(rows), _BLOCK // len(columns)):
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
        """Return pairs that hold the `k` nearest points of every query, all ties included.

        Args:
            k: at least 1, and at most the number of points that no query leaves out.
            skip: [n] the point that a query leaves out, or -1.

        Yields:
            For blocks of queries: query [p], ascending, point [p], and squared distance [p] by the
            definition, in a unit that is the same for all pairs.
        """
        for part in slices(len(self._left), _BLOCK // len(self._right)):
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
        """Return for each query the summed weights [n] of the points at distance <= its radius.

        Args:
            radii: [n] squared distances, as `nearest` returns them.
            weights: [m] how many images lie at each point, at least 1.
            progress: called with a number of queries whenever so many more are done.
        """
        parts = list(slices(len(radii), _TILE[0]))

        def count(rows: slice) -> IntArray:
            in_radius = np.zeros(rows.stop - rows.start, np.int64)
            for columns in slices(len(weights), _TILE[1]):
                scores = self._left[rows] @ self._right[columns].T
                in_radius += self._count(scores, rows, columns, radii=radii, weights=weights)
            return in_radius

        counts = []
        for part in in_threads(count, parts):
            counts.append(part)
            if progress is not None:
                progress(len(part))
        return np.concatenate(counts)

    def _count(
        self,
        scores: NDArray[np.float32],
        rows: slice,
        columns: slice,
        *,
        radii: FloatArray,
        weights: IntArray | None = None,
    ) -> IntArray:
        """Return the summed weights of `columns` within the radius of each row, by their scores."""
        limit, error = radii[rows] * self._scale, self._error[rows]
        # Few points are near: to list them is faster than further passes over all scores.
        row, column, near = listed(scores, (limit + error).astype(np.float32))
        inside = near <= (limit - error).astype(np.float32)[row]
        undecided = np.flatnonzero(~inside)
        inside[undecided] = (
            self.exact(row[undecided] + rows.start, column[undecided] + columns.start)
            <= radii[rows][row[undecided]]
        )
        chosen = None if weights is None else weights[columns][column[inside]]
        counts = np.bincount(row[inside], chosen, minlength=rows.stop - rows.start)
        return counts.astype(np.int64)


def listed(
    scores: NDArray[np.float32], limits: NDArray[np.float32]
) -> tuple[IntArray, IntArray, NDArray[np.float32]]:
    """Return row, column and value of the scores that are at most their row's limit, [p] each."""
    if scores.flags.c_contiguous:
        near = np.flatnonzero(scores <= limits[:, None])
        row, column = np.divmod(near, scores.shape[1])
        return row, column, scores.ravel()[near]
    # A transposed tile is read in the order in which it lies in memory.
    near = np.flatnonzero(limits[None, :] >= scores.T)
    column, row = np.divmod(near, scores.shape[0])
    return row, column, scores.T.ravel()[near]


def in_threads(function: Callable[[_Part], _Result], parts: Sequence[_Part]) -> Iterator[_Result]:
    """Yield `function` of every part, in order; NumPy alone would use one thread for most of it."""
    with threadpool_limits(limits=1, user_api="blas"), ThreadPoolExecutor(usable_cores()) as pool:
        yield from pool.map(function, parts)


def _columns(*parts: NDArray) -> NDArray[np.float32]:
    """Return the parts side by side, float32: matrices, vectors as columns, and single numbers."""
    height = len(parts[0])
    shaped = [p if p.ndim == 2 else np.broadcast_to(p, height)[:, None] for p in parts]
    return np.hstack([part.astype(np.float32) for part in shaped])


def power_of_two(*arrays: NDArray[np.floating]) -> int:
    """Return the exponent of 2 which divides the largest magnitude into [0.5, 1); 0 for zeros."""
    return int(np.frexp(max(np.abs(array).max() for array in arrays))[1])


def score_error(query_squares: FloatArray, largest_square: float, dimension: int) -> FloatArray:
    """Return a bound [n] on the error of |q|² + |p|² - 2 q·p in float32, with thresholds' rounding.

    With u the unit roundoff, the product of k + 2 terms, its rounded factors and the threshold err
    by at most (k + 9) u (2 |q| |p| + |p|^2 + |q|^2) to first order, and the parenthesis is at most
    2 (|q|^2 + |p|^2).
    The larger constant covers the higher orders, and the definition's own rounding in float64.
    """
    return 2.0 * (dimension + 16) * _ROUNDOFF * (query_squares + largest_square)


def slices(count: int, step: int) -> Iterator[slice]:
    """Cut `count` items into slices of `step`, at least 1; the last may be shorter."""
    step = max(1, step)
    return (slice(start, min(start + step, count)) for start in range(0, count, step))
