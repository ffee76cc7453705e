"""Which classes an embedding confuses: queries whose nearest neighbour is of another class.

A query counts when Recall@1 misses it, so that all pairs together count 1 - Recall@1 of the
queries.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from hsm.metrics.validation import checked_labels


@dataclass(frozen=True)
class ConfusedPair:
    """Two classes of which images were taken for each other.

    Attributes:
        first: the class of the pair of which the larger number was taken for the other.
        second: the other class.
        first_as_second: queries of `first` whose nearest neighbour is of `second`.
        second_as_first: queries of `second` whose nearest neighbour is of `first`.
        first_queries: queries of `first` in all.
        second_queries: queries of `second` in all.
    """

    first: int
    second: int
    first_as_second: int
    second_as_first: int
    first_queries: int
    second_queries: int

    @property
    def count(self) -> int:
        """Confused queries, in both directions."""
        return self.first_as_second + self.second_as_first

    @property
    def share(self) -> float:
        """Confused queries as a share of both classes' queries, 0..1."""
        return self.count / (self.first_queries + self.second_queries)


def confused_pairs(labels: ArrayLike, nearest: ArrayLike) -> list[ConfusedPair]:
    """Return all pairs of classes that are confused at least once, the most confused first.

    Sorted by count, then by share, then by class number. Memory grows with the queries, not with
    the square of the classes.

    Args:
        labels: integers [n], the queries' classes.
        nearest: integers [n], the classes of their nearest neighbours.

    Raises:
        ValueError: arrays of different lengths, or not of integers.
    """
    own = checked_labels(labels, None)
    neighbour = checked_labels(nearest, len(own), "nearest")
    queries = dict(
        zip(*(part.tolist() for part in np.unique(own, return_counts=True)), strict=True)
    )
    wrong = np.stack([own, neighbour], axis=1)[own != neighbour]
    pairs, counts = np.unique(wrong, axis=0, return_counts=True)
    as_other = {(a, b): n for (a, b), n in zip(pairs.tolist(), counts.tolist(), strict=True)}
    unordered = {(min(pair), max(pair)) for pair in as_other}
    found_pairs = [_pair(a, b, as_other, queries) for a, b in unordered]
    return sorted(found_pairs, key=lambda p: (-p.count, -p.share, p.first, p.second))


def _pair(
    a: int, b: int, as_other: dict[tuple[int, int], int], queries: dict[int, int]
) -> ConfusedPair:
    """Return the pair of classes a < b, in the order of its attributes."""
    if as_other.get((b, a), 0) > as_other.get((a, b), 0):
        a, b = b, a
    return ConfusedPair(
        first=a,
        second=b,
        first_as_second=as_other.get((a, b), 0),
        second_as_first=as_other.get((b, a), 0),
        first_queries=queries.get(a, 0),
        second_queries=queries.get(b, 0),
    )
