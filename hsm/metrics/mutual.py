"""How many points lie within the radius of each, where the points are the queries themselves.

The distance of two points is compared with the radii of both, so that half of the products suffice.
Points stand by radius: of a tile of scores, a single number then parts those that neither radius
reaches, which are most, from the few that are looked at again, for both points at once.

Where a count is asked for up to a number alone, points that have reached it are set aside: two such
points are not compared with each other any more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from hsm.cores import usable_cores
from hsm.metrics.distances import FloatArray, IntArray, ScreenedDistances, in_threads, slices

# Points of a side of a tile: its scores, 1 MiB, and both factors stay in a core's cache.
_SIDE = 512
# Of the points that are left, which part is compared with all others before some are set aside.
_ROUND = 1 / 16


def count_among(
    distances: ScreenedDistances,
    radii: FloatArray,
    *,
    enough: IntArray | None = None,
    progress: Callable[[int], object] | None = None,
) -> IntArray:
    """Count for each point how many [n] are at distance <= its radius, itself included.

    Args:
        distances: of n points to themselves.
        radii: [n] squared distances, as `ScreenedDistances.nearest` returns them.
        enough: [n] from which on a count need not be exact, but is at least that; None: never.
        progress: called with a number of points, n in all, in proportion to the work done.
    """
    search = _Search(distances, radii, enough)
    told = 0
    while blocks := search.round():
        for rows, added in zip(blocks, in_threads(search.count, blocks), strict=True):
            search.counts[rows.start :] += added
            done = search.done(rows)
            if progress is not None and done > told:
                progress(done - told)
                told = done
        search.set_aside(blocks[-1].stop)
    if progress is not None and told < len(radii):
        progress(len(radii) - told)
    counts = np.empty_like(search.counts)
    counts[search.order] = search.counts
    return counts


class _Search:
    """Points by radius, those that have enough last; "rows" and "columns" are places in that order.

    Attributes:
        order: [n], the point at each place.
        counts: [n], what was counted so far.
    """

    def __init__(
        self, distances: ScreenedDistances, radii: FloatArray, enough: IntArray | None
    ) -> None:
        self.order = np.argsort(radii, kind="stable")
        self.counts = np.zeros(len(radii), np.int64)
        self._distances = distances
        self._radii = radii[self.order]
        self._enough = None if enough is None else enough[self.order]
        self._left, self._right = distances.factors(self.order)
        self._surely, self._possibly = distances.limits(self.order, self._radii)
        self._begin, self._end = 0, len(radii)

    def round(self) -> list[slice]:
        """Return the rows that are compared with all after them before some are set aside."""
        blocks = [
            slice(self._begin + part.start, self._begin + part.stop)
            for part in slices(self._end - self._begin, _SIDE)
        ]
        if self._enough is None:
            return blocks
        return blocks[: max(2 * usable_cores(), round(_ROUND * len(blocks)))]

    def done(self, rows: slice) -> int:
        """Return how many of n points are as much work as what ends with `rows`."""
        count = len(self.order)
        return round(count * (1 - ((count - rows.stop) / count) ** 2))

    def set_aside(self, begin: int) -> None:
        """Go on from `begin`, without what has enough where that is many."""
        self._begin = begin
        if self._enough is None or begin >= self._end:
            return
        has_enough = self.counts[begin:] >= self._enough[begin:]
        self._surely[begin:][has_enough] = -np.inf
        self._possibly[begin:][has_enough] = -np.inf
        more = int(np.count_nonzero(has_enough[: self._end - begin]))
        if more >= _ROUND * (self._end - begin):
            self._end -= more
            order = np.argsort(has_enough, kind="stable")
            for array in self._by_place():
                array[begin:] = array[begin:][order]

    def _by_place(self) -> list[NDArray]:
        limits: list[NDArray] = [self._radii, self._surely, self._possibly]
        if self._enough is not None:
            limits.append(self._enough)
        return [self.order, self.counts, self._left, self._right, *limits]

    def count(self, rows: slice) -> NDArray[np.int32]:
        """Return what the pairs of `rows` with each other and with all after them add.

        Returns:
            [n - rows.start], of the points from the first of `rows` on.
        """
        counts = np.zeros(len(self.order) - rows.start, np.int32)
        # One memory for all tiles: a new one each would be handed out page by page.
        scores = np.empty(_SIDE * _SIDE, np.float32)
        height = rows.stop - rows.start
        behind = slices(len(self.order) - rows.stop, _SIDE)
        for columns in [rows, *(slice(rows.stop + p.start, rows.stop + p.stop) for p in behind)]:
            width = columns.stop - columns.start
            tile = scores[: height * width].reshape(height, width)
            np.matmul(self._left[rows], self._right[columns].T, out=tile)
            for side, added in self._near(tile, rows, columns):
                counts[side.start - rows.start : side.stop - rows.start] += added
        return counts

    def _near(
        self, tile: NDArray[np.float32], rows: slice, columns: slice
    ) -> Iterator[tuple[slice, IntArray]]:
        """Yield how many points of a tile each of its rows and of its columns reaches."""
        limit = max(self._possibly[rows].max(), self._possibly[columns].max())
        near = np.flatnonzero(tile <= limit)
        row = near // tile.shape[1]
        column = near - row * tile.shape[1]
        score = tile.ravel()[near]
        yield rows, self._reached(score, row, rows, column, columns)
        if columns != rows:
            yield columns, self._reached(score, column, columns, row, rows)

    def _reached(
        self,
        score: NDArray[np.float32],
        query: IntArray,
        queries: slice,
        point: IntArray,
        points: slice,
    ) -> IntArray:
        """Return how many of some pairs are within the radius of each of `queries`."""
        inside = score <= self._surely[queries][query]
        undecided = np.flatnonzero((score <= self._possibly[queries][query]) > inside)
        if len(undecided):
            some = query[undecided]
            exact = self._distances.exact(
                self.order[queries][some], self.order[points][point[undecided]]
            )
            inside[undecided] = exact <= self._radii[queries][some]
        return np.bincount(query[inside], minlength=queries.stop - queries.start)
