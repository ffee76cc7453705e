"""Table 3: a line a number of dimensions, a column an alpha, SM and HBN beside them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from hsm.experiments.config.run_record import RunRecord
from hsm.experiments.reporting import cell_format, summary, table_notes
from hsm.experiments.reporting.grid import Grid
from hsm.experiments.reporting.metric_columns import Measure, metric_columns
from hsm.experiments.reporting.paper_numbers import is_part, published_dimensions
from hsm.experiments.reporting.summary import Score

_SM, _HBN = "SM", "HBN"


def grids(records: Iterable[RunRecord]) -> tuple[Grid, ...]:
    """Return the tables of every data set among the records, scores in percent.

    They are: Recall@K at the smallest K with the paper's numbers beside it, what HBN gains over the
    other columns, the recall at the best epoch, and the NMI where it was measured.

    Raises:
        ValueError: If the records do not go into one table, see `summary.by_dataset`.
    """
    grids: list[Grid] = []
    for dataset, runs in summary.by_dataset(records, _identity).items():
        columns = metric_columns(runs)
        recall = next((m for m in columns if m.label.startswith("R@")), None)
        if recall is None:
            raise ValueError(
                f"expected records that were scored by Recall@K. Received: those of {dataset} with "
                f"the {columns[0].label}. Render them as table4."
            )
        grids.append(_final_grid(dataset, runs, recall))
        grids += _gain_grids(dataset, runs, recall)
        grids.append(
            _grid(
                f"{dataset}: {recall.label} at the best epoch, chosen on the test classes by it, "
                "percent",
                runs,
                "best",
                recall,
            )
        )
        if columns[0] is not recall:
            title = f"{dataset}: {columns[0].label} at the final epoch, percent"
            grids.append(_grid(title, runs, "final", columns[0]))
    return tuple(grids)


def column(run: RunRecord) -> str:
    """Return the column that a record belongs to: "SM", "α = 16" of BN's fixed alphas, or "HBN"."""
    return f"α = {run.config.alpha:g}" if run.method == "BN" else run.method


def _identity(run: RunRecord) -> tuple[int, str]:
    return run.config.embedding_dim, column(run)


def _final_grid(dataset: str, runs: Sequence[RunRecord], measure: Measure) -> Grid:
    grid = _grid(f"{dataset}: {measure.label} at the final epoch, percent", runs, "final", measure)
    paper = published_dimensions(dataset)
    rows, best = list(grid.rows), grid.best
    lines = [table_notes.data_note(runs), *table_notes.seed_notes(_seed_counts(runs))]
    if paper is not None:
        scores = _scores(runs, "final", measure)
        rows = [row for k in _dimensions(runs) for row in _compared(k, paper, scores, runs)]
        # Of the three lines of a number of dimensions the second is ours.
        best = frozenset((3 * row + 1, column) for row, column in grid.best)
        part = " Ours is a part of it: a difference says little." if is_part(dataset) else ""
        lines.append(f"Paper: Table 3, on the whole of Cars196, not cropped.{part}")
        lines += cell_format.mark_notes(rows)
    lines += [*_heating_notes(runs), *table_notes.settings_notes(runs), table_notes.run_note(runs)]
    return Grid(grid.title, grid.header, tuple(rows), tuple(lines), best)


def _gain_grids(dataset: str, runs: Sequence[RunRecord], measure: Measure) -> list[Grid]:
    """Return what HBN gains over each other column, for every number of dimensions."""
    others = [name for name in _columns(runs) if name != _HBN]
    rows = [
        (str(k), *(_gain(runs, k, name, measure) for name in others)) for k in _dimensions(runs)
    ]
    if all(cell == cell_format.NONE for row in rows for cell in row[1:]):
        return []
    return [
        Grid(
            f"{dataset}: {measure.label} of HBN minus that of the others at the final epoch, "
            "percentage points",
            ("Dimensions", *others),
            tuple(rows),
            ("In brackets: 95 % paired bootstrap intervals over queries.",),
        )
    ]


def _gain(runs: Sequence[RunRecord], k: int, name: str, measure: Measure) -> str:
    pair = [[run for run in runs if _identity(run) == (k, of)] for of in (_HBN, name)]
    ours, theirs = summary.shared_seeds(*pair)
    return cell_format.interval(summary.difference(ours, theirs, measure) if ours else None)


def _grid(title: str, runs: Sequence[RunRecord], stage: str, measure: Measure) -> Grid:
    scores, columns = _scores(runs, stage, measure), _columns(runs)
    rows = [
        (str(k), *(cell_format.percent(scores.get((k, name))) for name in columns))
        for k in _dimensions(runs)
    ]
    best = frozenset(
        (row, column + 1)
        for row, k in enumerate(_dimensions(runs))
        for column in cell_format.best([scores.get((k, name)) for name in columns])
    )
    return Grid(title, ("Dimensions", *columns), tuple(rows), best=best)


def _compared(
    k: int,
    paper: Mapping[int, Mapping[str, float]],
    scores: Mapping[tuple[int, str], Score | None],
    runs: Sequence[RunRecord],
) -> list[tuple[str, ...]]:
    """Return three lines: the paper's numbers, ours, and the differences."""
    triples = [
        cell_format.compared(paper.get(k, {}).get(name), scores.get((k, name)))
        for name in _columns(runs)
    ]
    names = (f"{k}, paper", f"{k}, ours", f"{k}, Δ")
    return [(name, *line) for name, line in zip(names, zip(*triples, strict=True), strict=True)]


def _scores(
    runs: Sequence[RunRecord], stage: str, measure: Measure
) -> dict[tuple[int, str], Score | None]:
    cases = dict.fromkeys(map(_identity, runs))
    return {
        case: summary.score(measure.at(stage, run) for run in runs if _identity(run) == case)
        for case in cases
    }


def _dimensions(runs: Sequence[RunRecord]) -> list[int]:
    return sorted({run.config.embedding_dim for run in runs})


def _columns(runs: Sequence[RunRecord]) -> list[str]:
    """Return SM, the alphas from small to large, HBN."""
    alphas = sorted({run.config.alpha for run in runs if run.method == "BN"})
    names = [_SM, *(f"α = {alpha:g}" for alpha in alphas), _HBN]
    return [name for name in names if name in set(map(column, runs))]


def _seed_counts(runs: Sequence[RunRecord]) -> dict[str, int]:
    labels = [f"{k} {name}" for k, name in map(_identity, runs)]
    return {label: labels.count(label) for label in labels}


def _heating_notes(runs: Sequence[RunRecord]) -> list[str]:
    heated = [run.config for run in runs if run.method == _HBN]
    spans = dict.fromkeys(f"{c.alpha:g} → {c.heated_alpha:g}" for c in heated)
    return (
        [f"α = …: BN with a fixed α. HBN: BN heated up, α {' and '.join(spans)}."] if spans else []
    )
