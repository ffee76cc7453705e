"""How far a single score may be off: 95 % intervals of a share and of a mean over seeds."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hsm.metrics.validation import checked_positive

_PROBABILITY = 0.95


def share_interval(shares: ArrayLike, queries: int) -> NDArray[np.float64]:
    """Return what resampling the queries makes of shares of them, such as Recall@K.

    A bootstrap over 0 and 1 draws from a binomial distribution, so that its percentiles are known
    without drawing.

    Args:
        shares: [...], each in 0..1.
        queries: how many queries each is a share of, at least 1.

    Returns:
        float64 [2, ...]: the 2.5th and 97.5th percentiles.
    """
    from scipy.stats import binom

    checked_positive(queries, "queries")
    low, high = binom.interval(_PROBABILITY, queries, np.asarray(shares, np.float64))
    return np.stack([low, high]) / queries


def seeds_interval(values: ArrayLike) -> NDArray[np.float64]:
    """Return Student's interval of the mean over seeds.

    Args:
        values: [seeds, ...], at least two seeds.

    Returns:
        float64 [2, ...]: its ends; both are the mean where all seeds agree.

    Raises:
        ValueError: for a single seed, which has no spread.
    """
    from scipy.stats import t

    scores = np.asarray(values, np.float64)
    seeds = len(scores)
    if seeds < 2:
        raise ValueError(f"expected the values of two seeds or more. Received: {seeds}")
    half = t.ppf((1 + _PROBABILITY) / 2, seeds - 1) * scores.std(axis=0, ddof=1) / np.sqrt(seeds)
    return scores.mean(axis=0) + np.stack([-half, half])
