"""The bootstrap against a loop that resamples queries one by one, and by its coverage."""

from __future__ import annotations

import dataclasses
import tracemalloc

import numpy as np
import pytest

from hsm.metrics import Interval, paired_bootstrap, paired_bootstrap_of_scores


def correlated_hits(generator, count, *, shift):
    """Two methods' hits on the same queries, whose recalls differ by `shift` in expectation."""
    difficulty = generator.uniform(size=count)
    a = difficulty < 0.6 + shift
    b = (difficulty < 0.6) ^ (generator.uniform(size=count) < 0.05)
    return a, b


def test_matches_resampling_query_by_query():
    generator = np.random.default_rng(0)
    a, b = correlated_hits(generator, 300, shift=0.04)
    naive = []
    for _ in range(20_000):
        drawn = generator.integers(0, len(a), len(a))
        naive.append(a[drawn].mean() - b[drawn].mean())
    low, high = np.percentile(naive, [2.5, 97.5])
    interval = paired_bootstrap(a, b, num_resamples=20_000)
    assert interval.difference == pytest.approx(a.mean() - b.mean(), abs=1e-12)
    # One query is 1 / 300; the percentiles themselves scatter by less.
    assert interval.low == pytest.approx(low, abs=0.0034)
    assert interval.high == pytest.approx(high, abs=0.0034)


def test_covers_the_true_difference_19_times_in_20():
    generator = np.random.default_rng(1)
    probabilities = [0.15, 0.6, 0.25]
    covered = 0
    for trial in range(600):
        difference = generator.choice([-1, 0, 1], size=400, p=probabilities)
        interval = paired_bootstrap(difference > 0, difference < 0, num_resamples=800, seed=trial)
        covered += interval.low <= 0.1 <= interval.high
    assert 0.92 <= covered / 600 <= 0.98


def test_swapping_methods_mirrors_the_interval():
    a, b = correlated_hits(np.random.default_rng(2), 1000, shift=0.05)
    forth, back = paired_bootstrap(a, b), paired_bootstrap(b, a)
    assert back.difference == -forth.difference
    assert back.low == pytest.approx(-forth.high, abs=0.003)
    assert back.high == pytest.approx(-forth.low, abs=0.003)


def test_equal_methods_have_no_width_and_seeds_repeat():
    hits = np.arange(50) % 3 == 0
    assert paired_bootstrap(hits, hits) == Interval(0.0, 0.0, 0.0)
    a, b = correlated_hits(np.random.default_rng(3), 97, shift=0.1)
    assert paired_bootstrap(a, b, seed=5) == paired_bootstrap(a.astype(int), list(b), seed=5)
    few = [paired_bootstrap(a, b, num_resamples=20, seed=seed) for seed in (5, 6)]
    assert few[0] != few[1]
    with pytest.raises(dataclasses.FrozenInstanceError):
        paired_bootstrap(a, b).low = 0.0


def test_seeds_are_resampled_with_the_same_queries():
    """Seeds that repeat each other tell nothing new: the interval keeps its width."""
    a, b = correlated_hits(np.random.default_rng(6), 200, shift=0.05)
    assert paired_bootstrap([a, a, a], [b, b, b]) == paired_bootstrap(a, b)


def test_seeds_match_resampling_query_by_query():
    generator = np.random.default_rng(7)
    a, b = zip(*(correlated_hits(generator, 150, shift=0.1 * s) for s in range(2)), strict=True)
    difference = np.mean(a, axis=0) - np.mean(b, axis=0)
    naive = difference[generator.integers(0, 150, (20_000, 150))].mean(axis=1)
    interval = paired_bootstrap(a, b, num_resamples=20_000)
    assert interval.difference == pytest.approx(difference.mean(), abs=1e-12)
    expected = np.percentile(naive, [2.5, 97.5])
    assert [interval.low, interval.high] == pytest.approx(list(expected), abs=0.0067)


def test_memory_does_not_grow_with_queries_times_resamples():
    a, b = correlated_hits(np.random.default_rng(4), 60_000, shift=0.0)
    tracemalloc.start()
    try:
        paired_bootstrap(a, b)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 20e6


@pytest.mark.parametrize(
    ("hits_a", "hits_b", "num_resamples", "message"),
    [
        ([1, 0], [1], 10, r"same queries.*2 and 1 entries.*one test set"),
        ([1, 2], [1, 0], 10, r"expected hits_a to be a vector of 0 and 1.*ranks < K"),
        ([1, 0], [0.5, 0], 10, r"expected hits_b to be a vector of 0 and 1"),
        ([], [], 10, r"expected hits_a to be a vector.*shape=\(0,\)"),
        ([[1, 0]], [[1, 0], [1, 0]], 10, r"as many seeds.*2 and 4 entries"),
        ([[[1]]], [[[1]]], 10, r"expected hits_a to be a vector.*shape=\(1, 1, 1\)"),
        (
            [1, 0],
            [1, 0],
            0,
            r"expected num_resamples to be a whole number of at least 1. Received: 0",
        ),
    ],
)
def test_errors_name_rule_value_and_remedy(hits_a, hits_b, num_resamples, message):
    with pytest.raises(ValueError, match=message):
        paired_bootstrap(hits_a, hits_b, num_resamples=num_resamples)


def test_scores_match_resampling_query_by_query_and_hits():
    generator = np.random.default_rng(4)
    a, b = generator.uniform(size=(2, 3, 150))
    naive = []
    for _ in range(10_000):
        drawn = generator.integers(0, 150, 150)
        naive.append((a - b)[:, drawn].mean())
    interval = paired_bootstrap_of_scores(a, b)
    assert interval.difference == pytest.approx((a - b).mean(), abs=1e-12)
    assert (interval.low, interval.high) == pytest.approx(
        tuple(np.percentile(naive, [2.5, 97.5])), abs=0.003
    )
    assert paired_bootstrap_of_scores(a, b) == interval
    hits = correlated_hits(generator, 300, shift=0.05)
    by_hits, by_scores = paired_bootstrap(*hits), paired_bootstrap_of_scores(*hits)
    assert dataclasses.astuple(by_scores) == pytest.approx(dataclasses.astuple(by_hits), abs=0.005)


@pytest.mark.parametrize("scores", [[], [0.5, np.nan], [1.5], [[[0.5]]]])
def test_what_is_no_score_is_refused(scores):
    with pytest.raises(ValueError, match="scores_b to be a vector of scores from 0 to 1"):
        paired_bootstrap_of_scores([0.5, 0.5], scores)


def test_scores_of_other_queries_are_refused():
    with pytest.raises(ValueError, match="of the same queries"):
        paired_bootstrap_of_scores([0.5, 0.5], [0.5])
