"""Tables 1, 2 and 4: a line a method or variant, a column a measure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from hsm.experiments.config.run_record import RunRecord
from hsm.experiments.reporting import (
    cell_format,
    seed_differences,
    summary,
    table_notes,
    tuned_table,
)
from hsm.experiments.reporting.grid import Grid
from hsm.experiments.reporting.metric_columns import Measure, metric_columns
from hsm.experiments.reporting.paper_numbers import (
    PublishedTable,
    correction_notes,
    is_part,
    published_table,
)
from hsm.experiments.reporting.summary import Row


def grids(records: Iterable[RunRecord]) -> tuple[Grid, ...]:
    """Return the tables of every data set among the records, scores in percent.

    They are: the final epoch, the paper's numbers beside it, the differences between methods over
    queries and over seeds, the best epoch, and the final epoch without length-normalising. Runs
    whose settings were chosen by trials have tables of their own, see `tuned_table`.

    Raises:
        ValueError: If the records do not go into one table, see `summary.by_dataset`.
    """
    grids: list[Grid] = []
    for dataset, group in summary.by_dataset(records).items():
        tuned = [run for run in group if run.config.tuned]
        runs = [run for run in group if not run.config.tuned]
        if tuned:
            grids += tuned_table.grids(dataset, tuned)
        if not runs:
            continue
        columns = metric_columns(runs)
        grids.append(_final_grid(dataset, runs, columns))
        grids += _paper_grids(dataset, runs, columns)
        grids += _difference_grids(dataset, runs, columns)
        grids += seed_differences.grids(dataset, runs, columns)
        grids += _other_grids(dataset, runs, columns)
    return tuple(grids)


def _final_grid(dataset: str, runs: Sequence[RunRecord], columns: Sequence[Measure]) -> Grid:
    rows = summary.final_rows(runs)
    counts = {row.label: len(row.evaluations) for row in rows if row.evaluations}
    return Grid(
        f"{dataset}: final epoch, percent",
        _header(columns),
        tuple(_texts(row, columns) for row in rows),
        (
            table_notes.data_note(runs),
            *table_notes.seed_notes(counts),
            *table_notes.settings_notes(runs),
            table_notes.run_note(runs),
        ),
        _best(rows, columns),
    )


def _paper_grids(dataset: str, runs: Sequence[RunRecord], columns: Sequence[Measure]) -> list[Grid]:
    """Return the paper's numbers, ours and the differences; nothing for data that it lacks."""
    paper = published_table(dataset, runs[0].config.split)
    if paper is None:
        return []
    own = {row.label: row for row in summary.final_rows(runs)}
    shared = [m for m in columns if any(m.label in row for row in paper.scores.values())]
    others = {} if is_part(dataset) else paper.quoted
    quoted = [
        _with_both(_compared(f"{name}, quoted", row, None, shared), name, paper, shared)
        for name, row in others.items()
    ]
    rows = [_compared(name, row, own.get(name), shared) for name, row in paper.scores.items()]
    header = [name for m in shared for name in (f"{m.label}: paper", "ours", "Δ")]
    return [
        Grid(
            f"{dataset}: {paper.source} of the paper, ours at the final epoch and the difference, "
            "percent",
            ("Method", *header),
            (*quoted, *rows),
            (
                _paper_note(dataset, paper),
                *(correction_notes(paper) if others else ()),
                *cell_format.mark_notes(rows),
            ),
        )
    ]


def _compared(
    name: str, paper: Mapping[str, float], own: Row | None, columns: Sequence[Measure]
) -> tuple[str, ...]:
    row: list[str] = [name]
    for measure in columns:
        score = None if own is None else own.score(measure)
        row += cell_format.compared(paper.get(measure.label), score)
    return tuple(row)


def _with_both(
    texts: tuple[str, ...], name: str, paper: PublishedTable, columns: Sequence[Measure]
) -> tuple[str, ...]:
    """Return the cells, with the number of the row's own paper behind one that differs from it."""
    correction = paper.corrections.get(name)
    changed = list(texts)
    for place, measure in enumerate(columns):
        if correction is not None and measure.label in correction.scores:
            changed[1 + 3 * place] += f" / {correction.scores[measure.label]:.2f}"
    return tuple(changed)


def _paper_note(dataset: str, paper: PublishedTable) -> str:
    if is_part(dataset):
        rest = " Ours is a part of it: a difference says little."
    else:
        rest = " The methods with a number are quoted from other papers." if paper.quoted else ""
    return f"Paper: {paper.source}, on {paper.dataset}.{rest}"


def _difference_grids(
    dataset: str, runs: Sequence[RunRecord], columns: Sequence[Measure]
) -> list[Grid]:
    differences = summary.differences(runs, columns)
    if not differences:
        return []
    rows = [
        (m.label, *(cell_format.interval(difference.values.get(m)) for difference in differences))
        for m in columns
    ]
    resampled = "In brackets: 95 % paired bootstrap intervals over queries"
    without = any(measure.label == "NMI" for measure in columns)
    lines = [f"{resampled}; NMI has none to resample." if without else f"{resampled}."]
    lines += cell_format.unknown_notes(rows)
    if any(difference.seeds > 1 for difference in differences):
        lines.append("Of several seeds, a query counts as the mean of its scores.")
    return [
        Grid(
            f"{dataset}: differences at the final epoch, percentage points",
            ("Metric", *(difference.label for difference in differences)),
            tuple(rows),
            tuple(lines),
        )
    ]


def _other_grids(dataset: str, runs: Sequence[RunRecord], columns: Sequence[Measure]) -> list[Grid]:
    classification = runs[0].config.is_classification
    by = next((m for m in columns if m.label.startswith("R@")), columns[0])
    chosen_on = "test images" if classification else "test classes"
    titles = {"best": f"{dataset}: best epoch, chosen on the {chosen_on} by {by.label}, percent"}
    if not classification:
        titles["unnormalized"] = f"{dataset}: final epoch, features not length-normalised, percent"
    grids = []
    for key, title in titles.items():
        rows = summary.other_rows(runs, key)
        if rows:
            texts = tuple(_texts(row, columns) for row in rows)
            grids.append(Grid(title, _header(columns), texts, best=_best(rows, columns)))
    return grids


def _header(columns: Sequence[Measure]) -> tuple[str, ...]:
    return ("Method", "Epoch", *(measure.label for measure in columns))


def _best(rows: Sequence[Row], columns: Sequence[Measure]) -> frozenset[tuple[int, int]]:
    """Return the best of every column of scores, which follow the method and the epoch."""
    return frozenset(
        (row, column)
        for column, measure in enumerate(columns, start=2)
        for row in cell_format.best([row.score(measure) for row in rows])
    )


def _texts(row: Row, columns: Sequence[Measure]) -> tuple[str, ...]:
    epochs = ", ".join(map(str, row.epochs())) or cell_format.NONE
    return (row.label, epochs, *(cell_format.percent(row.score(measure)) for measure in columns))
