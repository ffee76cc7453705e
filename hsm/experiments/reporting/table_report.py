"""Finished runs → the files of a table, and what the terminal shows of them."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import replace

from hsm.experiments.config.run_record import RunRecord
from hsm.experiments.reporting import page_figures, table_writers
from hsm.experiments.reporting.curves import write_curves
from hsm.experiments.reporting.grid import to_text
from hsm.experiments.reporting.page import write_report
from hsm.experiments.reporting.summary import by_dataset
from hsm.experiments.reporting.verdict import verdict
from hsm.experiments.runs.finished_runs import FinishedRuns
from hsm.progress import LINE, report, width
from hsm.visual.style import missing_matplotlib


def write(finished: Sequence[FinishedRuns], *, table: str, curves: str | None) -> None:
    """Write the files, show the first table and the verdict, and say where everything is.

    Args:
        finished: the runs of every data set; at least one.
        table: one of `report.LAYOUTS`, which names the files.
        curves: how the names of learning curves start; None for no curves.
    """
    folder = finished[0].runner.workspace.output_dir
    records = [record for group in finished for record in group.records]
    table_writers.write_tables(records, folder, table=table)
    report("\n" + "\n\n".join(_shown(records, table)) + "\n")
    missing = missing_matplotlib("The learning curves")
    if missing:
        report(missing)
    elif curves:
        LINE.stage("drawing the learning curves")
        write_curves(records, folder, stem=curves)
    LINE.stage("drawing the page")
    pictures = page_figures.sections(finished, plots=missing is None, curves=curves is not None)
    # Table 1's keep the plain name; those of another table must not replace it.
    page = folder / ("report.html" if table == "table1" else f"report_{table}.html")
    write_report(records, page, table=table, pictures=pictures)
    report(f"To read in a browser: {page}")
    report(f"More tables, curves and records: {folder}")


def _shown(records: Sequence[RunRecord], table: str) -> Iterator[str]:
    """Yield the first table of every data set, and below all of them the verdict."""
    for runs in by_dataset(records, lambda run: run.name).values():
        grid = table_writers.LAYOUTS[table](runs)[0]
        yield to_text(replace(grid, table_notes=grid.table_notes[:1]), width=width())
    yield "\n".join(
        textwrap.fill(line, width(), subsequent_indent="  ") for line in verdict(records)
    )
