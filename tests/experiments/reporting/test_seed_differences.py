"""Differences over seeds: SciPy's paired t test says the same."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import ttest_rel
from support.record_factory import make_record

from hsm.experiments.reporting import seed_differences
from hsm.experiments.reporting.metric_columns import nmi, recall

COLUMNS = (nmi("arithmetic"), recall(1))


def scored(method, seed, value):
    record = make_record(method, seed=seed)
    final = replace(record.final, nmi_arithmetic=value, recall={**record.final.recall, 1: value})
    return replace(record, final=final)


def test_intervals_are_those_of_a_paired_t_test():
    rng = np.random.default_rng(0)
    ours, theirs = rng.uniform(0.4, 0.6, size=(2, 7))
    runs = [scored("HBN", seed, value) for seed, value in enumerate(ours)]
    runs += [scored("BN", seed, value) for seed, value in enumerate(theirs)]
    (grid,) = seed_differences.grids("digits", runs[::-1], COLUMNS)
    low, high = ttest_rel(ours, theirs).confidence_interval(0.95)
    expected = [100 * (ours - theirs).mean(), 100 * low, 100 * high]
    assert grid.header == ("Metric", "HBN − BN")
    for _, cell in grid.rows:
        numbers = cell.replace("−", "-").replace("[", "").replace("]", "").replace(",", "").split()
        assert [float(number) for number in numbers] == pytest.approx(expected, abs=0.005)
    assert "over 7 paired seeds" in grid.table_notes[0]


def test_seeds_that_one_row_lacks_do_not_count():
    runs = [scored("HBN", seed, 0.5 + seed / 100) for seed in range(4)]
    runs += [scored("BN", seed, 0.4) for seed in range(1, 6)]
    (grid,) = seed_differences.grids("digits", runs, COLUMNS)
    assert "over 3 paired seeds" in grid.table_notes[0]
    assert grid.rows[0][1].startswith("+12.00 [")


def test_two_seeds_are_too_few():
    runs = [scored(method, seed, 0.5) for method in ("BN", "HBN") for seed in range(2)]
    assert seed_differences.grids("digits", runs, COLUMNS) == []
