"""Finished runs → the files of a table: tables, learning curves, and the page to read."""

from __future__ import annotations

from collections.abc import Sequence

from hsm.experiments.reporting import page_figures, table_writers
from hsm.experiments.reporting.curves import write_curves
from hsm.experiments.reporting.page import write_report
from hsm.experiments.runs.finished import Finished
from hsm.visual.style import missing_matplotlib


def write(finished: Sequence[Finished], *, table: str, curves: str | None) -> None:
    """Write the files, print the table and say where everything is.

    Args:
        finished: the runs of every data set; at least one.
        table: one of `report.LAYOUTS`, which names the files.
        curves: how the names of learning curves start; None for no curves.
    """
    folder = finished[0].runner.workspace.output_dir
    records = [record for found in finished for record in found.records]
    table_writers.write_tables(records, folder, table=table)
    print(f"\n{table_writers.render_text(records, table)}\n")
    missing = missing_matplotlib("The learning curves")
    if missing:
        print(missing)
    elif curves:
        paths = write_curves(records, folder, stem=curves)
        print(f"Learning curves: {', '.join(map(str, paths))}")
    pictures = page_figures.sections(finished, plots=missing is None, curves=curves is not None)
    # Table 1's keep the plain name; those of another table must not replace it.
    page = folder / ("report.html" if table == "table1" else f"report_{table}.html")
    print(f"To read in a browser: {write_report(records, page, table=table, pictures=pictures)}")
    print(f"Tables and records are in {folder}")
