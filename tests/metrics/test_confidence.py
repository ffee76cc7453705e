"""Intervals of single scores, against drawing and against a table of Student's t."""

from __future__ import annotations

import numpy as np
import pytest

from hsm.metrics.confidence import seeds_interval, share_interval


def test_a_share_has_the_interval_of_a_bootstrap_over_its_queries():
    hits = np.arange(200) < 150
    drawn = np.random.default_rng(0).choice(hits, (20_000, 200)).mean(axis=1)
    low, high = share_interval(0.75, 200)
    np.testing.assert_allclose([low, high], np.percentile(drawn, [2.5, 97.5]), atol=0.006)


def test_shares_of_none_and_of_all_have_no_width():
    np.testing.assert_array_equal(share_interval([0.0, 1.0], 50), [[0, 1], [0, 1]])


def test_seeds_have_students_interval():
    low, high = seeds_interval([[1.0], [2.0], [3.0]])
    # 4.303 is the table's quantile for 2 degrees of freedom.
    assert (high - low)[0] / 2 == pytest.approx(4.303 / 3**0.5, abs=1e-3)
    assert (high + low)[0] / 2 == pytest.approx(2.0)


def test_one_seed_has_no_interval():
    with pytest.raises(ValueError, match="two seeds or more. Received: 1"):
        seeds_interval([[1.0]])
