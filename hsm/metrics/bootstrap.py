"""Is method A better than method B on these queries, or was it luck? A paired bootstrap."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hsm.metrics.validation import checked_positive

# Queries that are drawn at once: 4 MiB.
_DRAWN = 1 << 20


@dataclass(frozen=True)
class Interval:
    """A difference of two means over queries, and its 95 % interval; all in -1..1.

    Attributes:
        difference: of the means.
        low: the 2.5th percentile of the resampled differences; NaN where there are only means.
        high: the 97.5th percentile; NaN as that.
    """

    difference: float
    low: float
    high: float


def paired_bootstrap(
    hits_a: ArrayLike, hits_b: ArrayLike, *, num_resamples: int = 10000, seed: int = 0
) -> Interval:
    """Return the 95 % percentile interval of mean(a) - mean(b) over resampled queries.

    A query's difference, summed over seeds, is one of few integers. Drawing n queries with
    replacement is therefore drawing how often each of them occurs, from one multinomial: exact, and
    a few numbers a resample. Under every seed a resample holds the same queries, so that further
    seeds steady a query's difference but do not count as further queries.

    Example:
        >>> paired_bootstrap([1, 1, 1, 1], [0, 1, 0, 1]).difference
        0.5

    Args:
        hits_a: [n] or [seeds, n] booleans or 0 and 1, query by query.
        hits_b: the other method's hits, of the same shape, on the same queries in the same order.
        num_resamples: at least 1.
        seed: of the resampling.

    Raises:
        ValueError: arrays of different shapes, empty ones, or other values than 0 and 1.
    """
    a, b = _checked_hits(hits_a, "hits_a"), _checked_hits(hits_b, "hits_b")
    if a.shape != b.shape:
        raise ValueError(
            "expected hits_a and hits_b of the same queries, and of as many seeds. Received: "
            f"{a.size} and {b.size} entries. Evaluate both methods on one test set."
        )
    seeds, queries = a.shape
    values = np.arange(-seeds, seeds + 1)
    counts = np.bincount((a - b).sum(axis=0) + seeds, minlength=len(values))
    generator = np.random.default_rng(seed)
    resamples = checked_positive(num_resamples, "num_resamples")
    drawn = generator.multinomial(queries, counts / queries, size=resamples)
    low, high = np.percentile(drawn @ values / (seeds * queries), [2.5, 97.5])
    return Interval(float(counts @ values / (seeds * queries)), float(low), float(high))


def paired_bootstrap_of_scores(
    scores_a: ArrayLike, scores_b: ArrayLike, *, num_resamples: int = 10000, seed: int = 0
) -> Interval:
    """Return `paired_bootstrap` of any scores of single queries, such as their average precision.

    Example:
        >>> paired_bootstrap_of_scores([0.5, 1.0, 1.0], [0.5, 0.5, 0.25]).low
        0.0

    Args:
        scores_a: [n] or [seeds, n], each in 0..1, query by query.
        scores_b: the other method's, of the same shape, on the same queries in the same order.
        num_resamples: at least 1.
        seed: of the resampling.

    Raises:
        ValueError: arrays of different shapes, empty ones, or values that are not in 0..1.
    """
    a, b = _checked_scores(scores_a, "scores_a"), _checked_scores(scores_b, "scores_b")
    if a.shape != b.shape:
        raise ValueError(
            "expected scores_a and scores_b of the same queries, and of as many seeds. "
            f"Received: {a.size} and {b.size} entries. Evaluate both methods on one test set."
        )
    gains = (a - b).mean(axis=0)
    resamples = checked_positive(num_resamples, "num_resamples")
    generator, means = np.random.default_rng(seed), np.empty(resamples)
    rows = max(1, _DRAWN // len(gains))
    for start in range(0, resamples, rows):
        part = means[start : start + rows]
        drawn = generator.integers(len(gains), size=(len(part), len(gains)), dtype=np.int32)
        part[:] = gains[drawn].mean(axis=1)
    low, high = np.percentile(means, [2.5, 97.5])
    return Interval(float(gains.mean()), float(low), float(high))


def _checked_scores(values: ArrayLike, name: str) -> NDArray[np.float64]:
    """Return `values` as float64 [seeds, n] of 0 to 1, or raises ValueError."""
    array = np.asarray(values, np.float64)
    if array.ndim not in (1, 2) or array.size == 0 or not ((array >= 0) & (array <= 1)).all():
        raise ValueError(
            f"expected {name} to be a vector of scores from 0 to 1, or one a seed, with at least "
            f"one entry. Received: shape={array.shape}"
        )
    return np.atleast_2d(array)


def _checked_hits(values: ArrayLike, name: str) -> NDArray[np.int64]:
    """Return `values` as int64 [seeds, n] of 0 and 1, or raise ValueError."""
    array = np.asarray(values)
    if array.ndim not in (1, 2) or array.size == 0 or not np.isin(array, (0, 1)).all():
        raise ValueError(
            f"expected {name} to be a vector of 0 and 1, or one a seed, with at least one entry. "
            f"Received: shape={array.shape}, dtype={array.dtype}. Pass ranks < K."
        )
    return np.atleast_2d(array.astype(np.int64))
