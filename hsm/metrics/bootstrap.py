"""Is method A better than method B on these queries, or was it luck? A paired bootstrap."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hsm.metrics.validation import checked_positive


@dataclass(frozen=True)
class Interval:
    """A difference of two recalls, and its 95 % interval; all in -1..1.

    Attributes:
        difference: mean(hits_a) - mean(hits_b).
        low: the 2.5th percentile of the resampled differences.
        high: the 97.5th percentile.
    """

    difference: float
    low: float
    high: float


def paired_bootstrap(
    hits_a: ArrayLike, hits_b: ArrayLike, *, num_resamples: int = 10000, seed: int = 0
) -> Interval:
    """The 95 % percentile interval of mean(a) - mean(b) over resampled queries.

    A query's difference is -1, 0 or 1. Drawing n queries with replacement is therefore drawing how
    often each of the three occurs, from one multinomial: exact, and a few numbers a resample.

    Args:
        hits_a: [n] booleans or 0 and 1, query by query.
        hits_b: [n] the other method's hits on the same queries in the same order.
        num_resamples: at least 1.
        seed: of the resampling.

    Raises:
        ValueError: arrays of different lengths, empty ones, or other values than 0 and 1.
    """
    a, b = _checked_hits(hits_a, "hits_a"), _checked_hits(hits_b, "hits_b")
    if len(a) != len(b):
        raise ValueError(
            "hits_a and hits_b must belong to the same queries. "
            f"Received: {len(a)} and {len(b)} entries. Evaluate both methods on one test set."
        )
    counts = np.bincount(a - b + 1, minlength=3)
    generator = np.random.default_rng(seed)
    resamples = checked_positive(num_resamples, "num_resamples")
    drawn = generator.multinomial(len(a), counts / len(a), size=resamples)
    low, high = np.percentile((drawn[:, 2] - drawn[:, 0]) / len(a), [2.5, 97.5])
    return Interval(float((counts[2] - counts[0]) / len(a)), float(low), float(high))


def _checked_hits(values: ArrayLike, name: str) -> NDArray[np.int64]:
    """Returns `values` as int64 [n] of 0 and 1, or raises ValueError."""
    array = np.asarray(values)
    if array.ndim != 1 or array.size == 0 or not np.isin(array, (0, 1)).all():
        raise ValueError(
            f"{name} must be a vector of 0 and 1 with at least one entry. "
            f"Received: shape={array.shape}, dtype={array.dtype}. Pass ranks < K."
        )
    return array.astype(np.int64)
