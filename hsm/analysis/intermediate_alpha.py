"""Which alpha is "intermediate" for a model and its data: section 3.2 as a number."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

FloatArray = NDArray[np.float64]

# Of the greatest advantage of the boundary samples: the usual width at half height.
SHARE = 0.5


@dataclass(frozen=True)
class AlphaRange:
    """Where alpha is small, intermediate and large.

    Attributes:
        low: below it alpha is small: the gradients of all samples are small, or alike.
        best: where boundary samples gain most over centroid samples.
        high: above it alpha is large: boundary samples, too, get little.
        centroid_peak: where the centroid samples' gradient is longest; None without such samples.
    """

    low: float
    best: float
    high: float
    centroid_peak: float | None

    def place(self, alpha: float) -> str:
        """Return "small", "intermediate" or "large"."""
        if alpha < self.low:
            return "small"
        return "large" if alpha > self.high else "intermediate"


def intermediate_alpha(
    alphas: ArrayLike, boundary: ArrayLike, centroid: ArrayLike
) -> AlphaRange | None:
    """Return the range of intermediate alphas, or None where there are no boundary samples.

    Section 3.2 wants boundary samples to get long gradients and centroid samples short ones, which
    small alphas deny (all are alike) and large alphas, too (both vanish). So with B and C the
    typical lengths of ||dl/df_hat|| of boundary and of centroid samples,

        advantage(alpha) = B(alpha) - C(alpha),

    the best alpha has the greatest advantage, and those around it are intermediate that have half
    of it or more, without a gap. Incorrect samples have no say: theirs only grow with alpha.

    Medians suit B and C. Among any samples that lie densely up to the boundary some are so near to
    it that they get a gradient at every alpha, and a mean would never fall.

    Args:
        alphas: [a], ascending, positive.
        boundary: b, [a]; NaN throughout without such samples.
        centroid: C, [a]; NaN throughout without such samples, which then count as 0.

    Raises:
        ValueError: If shapes do not match, or alphas are not ascending and positive.
    """
    grid, high, low = (np.asarray(values, np.float64) for values in (alphas, boundary, centroid))
    if grid.ndim != 1 or grid.shape != high.shape or grid.shape != low.shape or not grid.size:
        raise ValueError(
            "expected alphas, boundary and centroid to be vectors of one length. Received: shapes "
            f"{grid.shape}, {high.shape} and {low.shape}"
        )
    if grid[0] <= 0 or (np.diff(grid) <= 0).any():
        raise ValueError(f"expected alphas to be positive and ascending. Received: {grid}")
    if np.isnan(high).any():
        return None
    has_centroids = not np.isnan(low).any()
    advantage = high - low if has_centroids else high
    best = int(advantage.argmax())
    if advantage[best] <= 0:
        return None
    enough = advantage >= SHARE * advantage[best]
    first, last = best, best
    while first > 0 and enough[first - 1]:
        first -= 1
    while last + 1 < len(grid) and enough[last + 1]:
        last += 1
    peak = float(grid[low.argmax()]) if has_centroids else None
    return AlphaRange(float(grid[first]), float(grid[best]), float(grid[last]), peak)
