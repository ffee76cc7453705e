"""Starts of k-means with many clusters: greedy k-means++, by matrix products.

k-means++ draws every centre from the points, with a probability in proportion to D², a point's
squared distance to the nearest centre so far. The greedy variant, which scikit-learn has too, draws
several candidates and keeps the one that leaves the smallest sum of D². Here they are drawn in
blocks, whose distances are one matrix product. Until a candidate's turn comes, D² may have shrunk:
it is then kept with probability D² / D² at its drawing, which makes it a draw from the present D².

Source: D. Arthur, S. Vassilvitskii, "k-means++: The Advantages of Careful Seeding", SODA 2007.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

_Floats = NDArray[np.float32]

# Candidates whose distances are computed at once: few while D² still shrinks fast.
_SMALLEST_BLOCK, _LARGEST_BLOCK = 8, 64


def greedy_kmeans_plusplus(points: _Floats, num_clusters: int, rng: np.random.Generator) -> _Floats:
    """Returns the starts of k-means: `num_clusters` of the points.

    Args:
        points: float32 [n, d], finite.
        num_clusters: 1..n.
        rng: source of the draws.

    Returns:
        float32 [num_clusters, d]. A point is taken twice only if there are fewer distinct points
        than clusters.
    """
    trials = 2 + int(np.log(num_clusters))  # As in scikit-learn.
    distances = _Distances(points)
    chosen = [int(rng.integers(len(points)))]
    closest = distances.to(np.array(chosen))[0]
    closest[chosen] = 0.0
    candidates = _candidates(distances, closest, chosen, rng)
    scratch = np.empty_like(closest)
    for _ in range(num_clusters - 1):
        best, least, row = -1, np.inf, closest
        for _ in range(trials):
            candidate, distance = next(candidates)
            potential = float(np.minimum(closest, distance, out=scratch).sum())
            if potential < least:
                best, least, row = candidate, potential, distance
        np.minimum(closest, row, out=closest)
        closest[best] = 0.0
        chosen.append(best)
    return points[chosen]


class _Distances:
    """Squared distances from some points to all, by one matrix product each."""

    def __init__(self, points: _Floats) -> None:
        norms = np.square(points).sum(axis=1, keepdims=True)
        ones = np.ones_like(norms)
        # |a|² - 2 a·b + |b|² as a single product: no pass over the distances is left to make.
        self._left = np.hstack([-2 * points, norms, ones])
        self._right = np.ascontiguousarray(np.hstack([points, ones, norms]).T)

    def to(self, indices: NDArray[np.int64]) -> _Floats:
        """float32 [len(indices), n]; what rounding made negative is not mended."""
        return self._left[indices] @ self._right


def _candidates(
    distances: _Distances, closest: _Floats, chosen: list[int], rng: np.random.Generator
) -> Iterator[tuple[int, _Floats]]:
    """Yields draws from D² and their distances to all points, for ever.

    Args:
        distances: of the points.
        closest: D² [n], which shrinks in place between two draws.
        chosen: the centres so far, which grow between two draws.
        rng: source of the draws.
    """
    while True:
        size = min(max(_SMALLEST_BLOCK, len(chosen)), _LARGEST_BLOCK)
        drawn = _draw(closest, size, rng)
        before, rows = closest[drawn], distances.to(drawn)
        for candidate, old, row, chance in zip(drawn, before, rows, rng.random(size), strict=True):
            if chance * old < closest[candidate] or old <= 0:
                yield int(candidate), row


def _draw(closest: _Floats, size: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Points in proportion to D²; where that is zero throughout, any points."""
    sums = np.cumsum(np.maximum(closest, 0), dtype=np.float64)
    if sums[-1] <= 0:
        return rng.integers(len(closest), size=size)
    return np.searchsorted(sums, rng.random(size) * sums[-1], side="right").clip(0, len(sums) - 1)
