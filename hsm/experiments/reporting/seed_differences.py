"""Differences between rows, seed by seed: whether another seed would give them, too."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from hsm.experiments.config.run_record import RunRecord
from hsm.experiments.config.variants import comparisons
from hsm.experiments.reporting import cell_format, summary
from hsm.experiments.reporting.grid import Grid
from hsm.experiments.reporting.metric_columns import Measure
from hsm.metrics.bootstrap import Interval
from hsm.metrics.confidence import seeds_interval

# With two, Student's interval is thirteen times as long as the deviation of their mean.
FEWEST_SEEDS = 3


def grids(dataset: str, runs: Sequence[RunRecord], columns: Sequence[Measure]) -> list[Grid]:
    """Return the differences of `summary.differences` with intervals over seeds, of all measures.

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
        if len(ours) >= FEWEST_SEEDS:
            compared[f"{row} − {base}"] = ours, theirs
    if not compared:
        return []
    return [
        Grid(
            f"{dataset}: differences over seeds, percentage points",
            ("Metric", *compared),
            tuple((m.label, *(cell(*pair, m) for pair in compared.values())) for m in columns),
            (note(len(ours) for ours, _ in compared.values()),),
        )
    ]


def note(counts: Iterable[int]) -> str:
    """Return what the brackets of a grid hold whose cells are of so many seeds."""
    numbers = " or ".join(map(str, sorted({*counts})))
    return (
        f"In brackets: 95 % intervals of Student's t over {numbers} paired seeds; they speak of "
        "other seeds, not of other queries."
    )


def cell(ours: Sequence[RunRecord], theirs: Sequence[RunRecord], measure: Measure) -> str:
    """Return the difference with its interval as text; a dash where a record lacks the measure."""
    interval_ = interval(ours, theirs, measure)
    return cell_format.NONE if interval_ is None else cell_format.interval(interval_)


def interval(
    ours: Sequence[RunRecord], theirs: Sequence[RunRecord], measure: Measure
) -> Interval | None:
    """Return the mean difference of pairs of a seed each, and Student's interval, of fractions.

    Returns:
        None for fewer than three pairs, or where a record lacks the measure.
    """
    pairs = [
        (measure.of(one.final), measure.of(other.final))
        for one, other in zip(ours, theirs, strict=True)
    ]
    gains = [one - other for one, other in pairs if one is not None and other is not None]
    if len(gains) < max(len(pairs), FEWEST_SEEDS):
        return None
    low, high = seeds_interval(gains)
    return Interval(float(np.mean(gains)), float(low), float(high))
