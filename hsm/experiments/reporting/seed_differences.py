"""Differences between rows, seed by seed: whether another seed would give them, too."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hsm.experiments.config.run_record import RunRecord
from hsm.experiments.config.variants import comparisons
from hsm.experiments.reporting import cell_format, summary
from hsm.experiments.reporting.grid import Grid
from hsm.experiments.reporting.metric_columns import Measure
from hsm.metrics.bootstrap import Interval
from hsm.metrics.confidence import seeds_interval

# With two, Student's interval is thirteen times as long as the deviation of their mean.
_FEWEST_SEEDS = 3


def grids(dataset: str, runs: Sequence[RunRecord], columns: Sequence[Measure]) -> list[Grid]:
    """The differences of `summary.differences` with intervals over seeds, of all measures.

    A seed fixes initial weights, batches and crops, so that the rows of a seed make a pair: the
    test is Student's for pairs.

    Returns:
        A grid; none where no pair of rows has three seeds.
    """
    rows: dict[str, list[RunRecord]] = {}
    for run in runs:
        rows.setdefault(summary.row_label(run), []).append(run)
    compared = {}
    for row, base in comparisons(rows):
        ours, theirs = summary.shared_seeds(rows[row], rows[base])
        if len(ours) >= _FEWEST_SEEDS:
            compared[f"{row} − {base}"] = ours, theirs
    if not compared:
        return []
    counts = sorted({len(ours) for ours, _ in compared.values()})
    return [
        Grid(
            f"{dataset}: differences over seeds, percentage points",
            ("Metric", *compared),
            tuple(
                (m.label, *(_cell(ours, theirs, m) for ours, theirs in compared.values()))
                for m in columns
            ),
            (
                f"In brackets: 95 % intervals of Student's t over {' or '.join(map(str, counts))} "
                "paired seeds; they speak of other seeds, not of other queries.",
            ),
        )
    ]


def _cell(ours: Sequence[RunRecord], theirs: Sequence[RunRecord], measure: Measure) -> str:
    pairs = [
        (measure.of(one.final), measure.of(other.final))
        for one, other in zip(ours, theirs, strict=True)
    ]
    gains = [one - other for one, other in pairs if one is not None and other is not None]
    if len(gains) < len(pairs):
        return cell_format.NONE
    low, high = seeds_interval(gains)
    return cell_format.interval(Interval(float(np.mean(gains)), float(low), float(high)))
