"""The tables of tuned runs: what the paper quotes, corrected where need be, above what is trained.

Every method had as many trials on held-out training classes, see `hsm.experiments.runs.tuning`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from hsm.experiments.config import METHODS
from hsm.experiments.config.run_record import RunRecord
from hsm.experiments.config.variants import lacking
from hsm.experiments.reporting import cell_format, summary, table_notes
from hsm.experiments.reporting.grid import Grid
from hsm.experiments.reporting.metric_columns import Measure, metric_columns
from hsm.experiments.reporting.paper_numbers import (
    PublishedTable,
    correction_notes,
    is_part,
    published_table,
)
from hsm.experiments.reporting.seed_differences import FEWEST_SEEDS, cell, note
from hsm.experiments.reporting.summary import Row

# What the others are subtracted from: the method that the paper proposes.
_REFERENCE = "HBN"
_NUMBERS = ("Method", "Trials", "Images: trials + run")


def grids(dataset: str, runs: Sequence[RunRecord]) -> list[Grid]:
    """Return the final epoch in three blocks, and what HBN gains over each of the others.

    Args:
        dataset: name of the data set.
        runs: records of it with `config.tuned`.
    """
    by_method: dict[str, list[RunRecord]] = {}
    for run in sorted(runs, key=lambda run: METHODS.standing.index(run.method)):
        by_method.setdefault(", ".join((run.method, *lacking(run.config))), []).append(run)
    columns = metric_columns(runs)
    return [
        _final_grid(dataset, by_method, columns),
        *_difference_grids(dataset, by_method, columns),
    ]


def _final_grid(
    dataset: str, by_method: Mapping[str, Sequence[RunRecord]], columns: Sequence[Measure]
) -> Grid:
    runs = [run for group in by_method.values() for run in group]
    paper = published_table(dataset, runs[0].config.split)
    quoted = [] if paper is None else _quoted(paper, columns)
    rows = [Row(name, {r.seed: r.final for r in group}) for name, group in by_method.items()]
    trained = [(row.label, *_cost(by_method[row.label]), *_scores(row, columns)) for row in rows]
    best = frozenset(
        (len(quoted) + place, column)
        for column, measure in enumerate(columns, start=len(_NUMBERS))
        for place in cell_format.best([row.score(measure) for row in rows])
    )
    return Grid(
        f"{dataset}: settings chosen on held-out training classes, final epoch, percent",
        (*_NUMBERS, *(measure.label for measure in columns)),
        (*quoted, *trained),
        (
            table_notes.data_note(runs),
            *table_notes.seed_notes({row.label: len(row.evaluations) for row in rows}),
            *_trial_notes(by_method),
            *([] if paper is None else _paper_notes(dataset, paper)),
            *table_notes.settings_notes(runs),
            *_nature_notes(by_method),
            table_notes.run_note(runs),
        ),
        best,
    )


def _quoted(paper: PublishedTable, columns: Sequence[Measure]) -> list[tuple[str, ...]]:
    """Return the blocks above: what the paper quotes and has, and corrected numbers."""
    rows = {f"{name}, quoted": row for name, row in paper.quoted.items()}
    rows |= {f"{name}, the paper's": row for name, row in paper.scores.items()}
    rows |= {
        f"{name}, corrected": {**paper.quoted[name], **correction.scores}
        for name, correction in paper.corrections.items()
    }
    return [
        (name, cell_format.NONE, cell_format.NONE, *_plain(row, columns))
        for name, row in rows.items()
    ]


def _plain(row: Mapping[str, float], columns: Sequence[Measure]) -> list[str]:
    values = [row.get(measure.label) for measure in columns]
    return [cell_format.NONE if value is None else f"{value:.2f}" for value in values]


def _scores(row: Row, columns: Sequence[Measure]) -> list[str]:
    return [cell_format.percent(row.score(measure)) for measure in columns]


def _cost(runs: Sequence[RunRecord]) -> tuple[str, str]:
    """Return trials, and images that they and one run trained on."""
    tuning = runs[0].tuning
    own = f"{round(sum(run.images_seen_after() for run in runs) / len(runs)):,}"
    if tuning is None:
        return cell_format.NONE, f"{cell_format.NONE} + {own}"
    return str(len(tuning.trials)), f"{tuning.images:,} + {own}"


def _trial_notes(by_method: Mapping[str, Sequence[RunRecord]]) -> list[str]:
    tunings = [group[0].tuning for group in by_method.values() if group[0].tuning is not None]
    if not tunings:
        return []
    first, trials = tunings[0], next(iter(by_method.values()))[0].config.tuned
    lengths = sorted({tuning.epochs for tuning in tunings})
    chosen = [f"{name} {_chosen(group[0])}" for name, group in by_method.items()]
    return [
        f"Trials: {trials} of {' or '.join(map(str, lengths))} epochs for every method, by seed "
        f"{first.seed}, on {first.train_classes} training classes, scored by MAP@R on "
        f"{first.held_out_classes} others that a run trains on, too; no test class was looked at. "
        "HLN and HBN start from the chosen LN and BN, whose trials count, and had theirs for what "
        "follows the switch. An image counts each time that it is in a batch, and a "
        "mined triplet as three.",
        f"Chosen: {'; '.join(chosen)}.",
    ]


def _chosen(run: RunRecord) -> str:
    """Return in words the settings that the trials of a run's own method were about."""
    trials = () if run.tuning is None else run.tuning.trials
    names = dict.fromkeys(key for t in trials if t.method == run.method for key in t.settings)
    values = ((name, getattr(run.config, name)) for name in names)
    listed = [f"{n.replace('_', ' ')} {v:g}" for n, v in values if v is not None]
    return ", ".join(listed) or "as given"


def _paper_notes(dataset: str, paper: PublishedTable) -> list[str]:
    whole = " Ours is a part of it: a difference says little." if is_part(dataset) else ""
    return [
        f"Quoted and the paper's: {paper.source}, on {paper.dataset}; networks, numbers of "
        f"images seen and tuning differ.{whole}",
        *(f"Corrected, {note}" for note in correction_notes(paper)),
    ]


def _nature_notes(by_method: Mapping[str, Sequence[RunRecord]]) -> list[str]:
    """Return what sets the rows apart that have no note of their own: those of a softmax."""
    names = [n for n, group in by_method.items() if group[0].config.traits.note is None]
    if not names:
        return []
    return [
        f"{', '.join(names)}: batches of random images, a softmax over the training classes with a "
        "learned weight vector for each."
    ]


def _difference_grids(
    dataset: str, by_method: Mapping[str, Sequence[RunRecord]], columns: Sequence[Measure]
) -> list[Grid]:
    others = {}
    for name in by_method:
        ours, theirs = summary.shared_seeds(by_method.get(_REFERENCE, ()), by_method[name])
        if name != _REFERENCE and ours:
            others[name] = (ours, theirs)
    if not others:
        return []
    header = ("Method", *(measure.label for measure in columns))
    rows = tuple(
        (name, *(cell_format.interval(summary.difference(*pair, m)) for m in columns))
        for name, pair in others.items()
    )
    over_queries = Grid(
        f"{dataset}: {_REFERENCE} minus the others, tuned, final epoch, percentage points",
        header,
        rows,
        (
            "In brackets: 95 % paired bootstrap intervals over queries, each for itself; NMI has "
            "none to resample.",
            *cell_format.unknown_notes(rows),
            "Of several seeds, a query counts as the mean of its scores.",
        ),
    )
    with_seeds = {n: pair for n, pair in others.items() if len(pair[0]) >= FEWEST_SEEDS}
    if not with_seeds:
        return [over_queries]
    over_seeds = Grid(
        f"{dataset}: {_REFERENCE} minus the others, tuned, over seeds, percentage points",
        header,
        tuple((n, *(cell(*pair, m) for m in columns)) for n, pair in with_seeds.items()),
        (
            note(len(ours) for ours, _ in with_seeds.values()),
            "The trials were made once, by one seed: another choice of settings is not in them.",
        ),
    )
    return [over_queries, over_seeds]
