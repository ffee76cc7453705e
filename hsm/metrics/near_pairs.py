"""Queries' nearest neighbours as pairs of a row and a column, and the scores that they give.

`hsm.metrics.ranking` says what the scores are.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

IntArray = NDArray[np.int64]
FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Near:
    """Pairs of a row and a column that may count.

    Attributes:
        row: [p].
        column: [p].
        key: [p] the score, with the rows one after the other, each in a stretch of its own.
        margin: [p] what the key of its row's others may differ by, and still be level with it.
    """

    row: IntArray
    column: IntArray
    key: FloatArray
    margin: FloatArray

    @classmethod
    def of(
        cls,
        row: IntArray,
        column: IntArray,
        score: NDArray[np.float32],
        error: NDArray[np.float32],
    ) -> Near:
        """Return the pairs with their `score` [p], and the `error` [r] of each row's."""
        margin = np.multiply(error, 2.0, dtype=np.float64)[row]
        stretch = 4.0 * (float(np.abs(score).max()) + float(margin.max())) or 1.0
        key: FloatArray = np.add(row * stretch, score, dtype=np.float64)
        return cls(row, column, key, margin)

    def at(self, places: IntArray) -> Near:
        """Return those at `places`."""
        return Near(self.row[places], self.column[places], self.key[places], self.margin[places])


def places_among(positives: Near, negatives: Near, exact: Callable[[Near], FloatArray]) -> IntArray:
    """Return how many positives, of all rows up to its own, come before each negative [n].

    Keys decide it where no positive is level with it; `exact` distances decide the rest.

    Args:
        positives: by key.
        negatives: in any order.
        exact: distances [p] of pairs.
    """
    keys = positives.key
    places = np.searchsorted(keys, negatives.key - negatives.margin, side="left")
    lasts = np.searchsorted(keys, negatives.key + negatives.margin, side="right")
    open_ = np.flatnonzero(places < lasts)
    begun, ended = (np.bincount(p[open_], minlength=len(keys) + 1) for p in (places, lasts))
    near = np.flatnonzero((begun - ended).cumsum()[:-1])
    parts = [negatives.at(open_), positives.at(near)]
    distances = np.concatenate([exact(part) for part in parts])
    is_positive = np.arange(len(distances)) >= len(open_)
    # Of equal distances the negative comes first.
    order = np.lexsort((is_positive, distances, np.concatenate([part.row for part in parts])))
    before = np.empty(len(order), np.int64)
    before[order] = np.cumsum(is_positive[order])
    # Of the positives that were looked at, those before its window are counted in both.
    places[open_] += before[: len(open_)] - np.searchsorted(near, places[open_])
    return places


def scores_of(
    positive_row: IntArray,
    places: IntArray,
    row: IntArray,
    weight: IntArray,
    before: FloatArray,
    to_find: IntArray,
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return rank, R-precision and AP@R of each row [r].

    Args:
        positive_row: [p] rows of the positives, ascending, the nearer first; every row has one.
        places: [n] how many positives come before a negative.
        row: [n] its row.
        weight: [n] how many images it stands for.
        before: [r] further negatives that come before every positive.
        to_find: [r] R.
    """
    ends = np.searchsorted(positive_row, np.arange(len(to_find)), side="right")
    starts = np.append(0, ends[:-1])
    in_reach = places < ends[row]
    added = np.bincount(places[in_reach], weight[in_reach], minlength=len(positive_row))
    total = np.append(0.0, added.cumsum())
    negatives = total[1:] + (before - total[starts])[positive_row]
    nth = np.arange(1, len(positive_row) + 1) - starts[positive_row]
    counts = negatives + nth <= to_find[positive_row]
    within, precision = positive_row[counts], (nth / (negatives + nth))[counts]
    hits, precisions = (np.bincount(within, w, minlength=len(to_find)) for w in (None, precision))
    return negatives[starts], hits / to_find, precisions / to_find
