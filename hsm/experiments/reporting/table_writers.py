"""Records → a table: in the terminal, as Markdown, as LaTeX, and as CSV with every number.

What a table holds is said in `hsm.experiments.reporting.method_table` and `dimension_layout`.
"""

from __future__ import annotations

import csv
import io
import statistics
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from hsm.atomic import write_text
from hsm.experiments.config.run_record import RunRecord
from hsm.experiments.config.variants import label
from hsm.experiments.reporting import dimension_table, method_table
from hsm.experiments.reporting.grid import Grid, to_latex, to_markdown, to_text
from hsm.experiments.reporting.metric_columns import ACCURACY, Measure, ks, nmi, precisions, recall
from hsm.output_folder import make_output_folder
from hsm.records import STAGES

Layout = Callable[[Iterable[RunRecord]], tuple[Grid, ...]]

# By the name of a table's driver and files.
LAYOUTS: Mapping[str, Layout] = {
    "table1": method_table.grids,
    "table2": method_table.grids,
    "table3": dimension_table.grids,
    "table4": method_table.grids,
}

_CASE = ("dataset", "method", "alpha", "embedding_dim")


def render_text(records: Iterable[RunRecord], table: str = "table1") -> str:
    """Return the table for the terminal, at most 100 columns wide.

    Args:
        records: those that the table is made of.
        table: one of `LAYOUTS`.
    """
    return "\n\n".join(map(to_text, LAYOUTS[table](records)))


def render_markdown(records: Iterable[RunRecord], table: str = "table1") -> str:
    """Return the table as Markdown."""
    return "\n\n".join(map(to_markdown, LAYOUTS[table](records)))


def render_latex(records: Iterable[RunRecord], table: str = "table1") -> str:
    """Return the table as LaTeX; the document needs the package booktabs."""
    return "\n\n".join(map(to_latex, LAYOUTS[table](records)))


def render_csv(records: Iterable[RunRecord]) -> str:
    """Return every evaluation of every record, fractions 0..1 in full precision.

    One line per data set, row, alpha, dimensions, stage and seed; where there are several seeds,
    two further lines hold their mean and their sample standard deviation.
    """
    text = io.StringIO()
    runs = list(records)
    columns = _columns(runs)
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*_CASE, "stage", "seed", "epoch", "num_queries", *columns])
    groups: dict[tuple[Any, ...], list[RunRecord]] = {}
    for run in runs:
        groups.setdefault(_case(run), []).append(run)
    for case, group in groups.items():
        for stage in STAGES:
            lines = _csv_lines(group, stage, tuple(columns.values()))
            writer.writerows([*case, stage, *line] for line in lines)
    return text.getvalue()


def write_tables(
    records: Iterable[RunRecord], directory: Path, *, table: str = "table1"
) -> tuple[Path, ...]:
    """Write `table`.md, .csv and .tex into `directory` and return their paths.

    Raises:
        ValueError: If the records do not go into one table, see `summary.by_dataset`.
    """
    runs = list(records)
    texts = {
        ".md": render_markdown(runs, table),
        ".csv": render_csv(runs),
        ".tex": render_latex(runs, table),
    }
    make_output_folder(directory)
    return tuple(
        write_text(directory / (table + suffix), text.rstrip("\n") + "\n")
        for suffix, text in texts.items()
    )


def _case(run: RunRecord) -> tuple[Any, ...]:
    config = run.config
    return run.data.name, label(config), config.alpha, config.embedding_dim


def _columns(runs: Sequence[RunRecord]) -> dict[str, Measure]:
    """Return what the CSV shows of every evaluation, by the names of its columns."""
    columns = {f"nmi_{average}": nmi(average) for average in ("arithmetic", "geometric")}
    columns |= {f"recall@{k}": recall(k) for k in ks(runs)}
    columns |= {measure.field: measure for measure in precisions(runs)}
    if any(ACCURACY.of(run.final) is not None for run in runs):
        columns["accuracy"] = ACCURACY
    return columns


def _csv_lines(
    runs: Sequence[RunRecord], stage: str, columns: Sequence[Measure]
) -> list[list[Any]]:
    """Return lines of seed, epoch, number of queries and measures."""
    rows = {run.seed: row for run in runs if (row := run.stage(stage)) is not None}
    values = {seed: [m.of(row) for m in columns] for seed, row in rows.items()}
    lines: list[list[Any]] = [
        [seed, row.epoch, row.num_queries, *values[seed]] for seed, row in sorted(rows.items())
    ]
    if len(rows) > 1:
        by_column = list(zip(*values.values(), strict=True))
        for name, average in (("mean", statistics.fmean), ("std", statistics.stdev)):
            lines.append([name, None, None, *(_over_seeds(average, c) for c in by_column)])
    return lines


def _over_seeds(
    average: Callable[[Sequence[float]], float], values: Sequence[float | None]
) -> float | None:
    measured = [value for value in values if value is not None]
    return average(measured) if len(measured) == len(values) else None
