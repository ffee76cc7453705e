"""Records → the grids of Table 1: which rows and columns, and the sentences under them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from hsm.experiments import summary
from hsm.experiments.backbone_names import is_keras_file
from hsm.experiments.published import PublishedTable, published_table
from hsm.experiments.summary import Difference, Record, Row, Score
from hsm.experiments.tables import Grid
from hsm.experiments.variants import options
from hsm.metrics.bootstrap import Interval

_NONE = "–"


def grids(records: Iterable[Record]) -> tuple[Grid, ...]:
    """The tables of every data set among the records, scores in percent.

    They are: the final epoch with the paper's numbers beside it, the differences, the best epoch,
    and the final epoch without length-normalising.

    Raises:
        ValueError: If the records do not go into one table, see `summary.by_dataset`.
    """
    found: list[Grid] = []
    for dataset, runs in summary.by_dataset(records).items():
        found.append(_final_grid(dataset, runs))
        found += _difference_grids(dataset, runs)
        found += _other_grids(dataset, runs)
    return tuple(found)


def _final_grid(dataset: str, runs: Sequence[Record]) -> Grid:
    ks, rows, paper = summary.ks(runs), summary.final_rows(runs), published_table(dataset)
    header = _score_header(ks)
    average = summary.nmi_average(runs)
    cells = [_score_cells(row, ks, average) for row in rows]
    notes = [_data_note(runs[0], average), *_seed_notes(rows)]
    if paper is not None:
        header += _paper_header(paper, ks)
        cells = [old + _paper_cells(paper, row, ks) for old, row in zip(cells, rows, strict=True)]
        notes.append(f"Paper: Table 1, on {paper.dataset}.")
    notes += [*_settings_notes(runs), _run_note(runs)]
    return Grid(f"{dataset}: final epoch, percent", header, tuple(cells), tuple(notes))


def _difference_grids(dataset: str, runs: Sequence[Record]) -> list[Grid]:
    differences = summary.differences(runs)
    if not differences:
        return []
    notes = ["In brackets: 95 % paired bootstrap intervals over queries; NMI has none to resample."]
    if any(difference.seeds > 1 for difference in differences):
        notes.append("Of several seeds, a query counts as the mean of its hits.")
    return [
        Grid(
            f"{dataset}: differences at the final epoch, percentage points",
            ("Metric", *(difference.label for difference in differences)),
            (
                ("NMI", *(_points(difference.nmi) for difference in differences)),
                *(_difference_cells(differences, k) for k in summary.ks(runs)),
            ),
            tuple(notes),
        )
    ]


def _other_grids(dataset: str, runs: Sequence[Record]) -> list[Grid]:
    ks = summary.ks(runs)
    titles = {
        "best": f"{dataset}: best epoch, chosen on the test classes by R@{ks[0]}, percent",
        "unnormalized": f"{dataset}: final epoch, features not length-normalised, percent",
    }
    average = summary.nmi_average(runs)
    found = []
    for key, title in titles.items():
        cells = [_score_cells(row, ks, average) for row in summary.other_rows(runs, key)]
        if cells:
            found.append(Grid(title, _score_header(ks), tuple(cells)))
    return found


def _score_header(ks: Sequence[int]) -> tuple[str, ...]:
    return ("Method", "Epoch", "NMI", *(f"R@{k}" for k in ks))


def _score_cells(row: Row, ks: Sequence[int], average: str) -> tuple[str, ...]:
    epochs = ", ".join(map(str, row.epochs())) or _NONE
    recalls = (_percent(row.recall(k)) for k in ks)
    return (row.label, epochs, _percent(row.nmi(average)), *recalls)


def _paper_header(paper: PublishedTable, ks: Sequence[int]) -> tuple[str, ...]:
    return ("paper NMI", *(f"paper R@{k}" for k in _paper_ks(paper, ks)))


def _paper_cells(paper: PublishedTable, row: Row, ks: Sequence[int]) -> tuple[str, ...]:
    score = paper.scores.get(row.label)
    columns = _paper_ks(paper, ks)
    if score is None:
        return (_NONE,) * (1 + len(columns))
    return (f"{score.nmi:.2f}", *(f"{score.recall[k]:.2f}" for k in columns))


def _paper_ks(paper: PublishedTable, ks: Sequence[int]) -> list[int]:
    return [k for k in ks if all(k in score.recall for score in paper.scores.values())]


def _difference_cells(differences: Sequence[Difference], k: int) -> tuple[str, ...]:
    return (f"R@{k}", *(_interval(difference.recall.get(k)) for difference in differences))


def _data_note(run: Record, average: str) -> str:
    test = run["data"]["test"]
    return (
        f"{test['images']:,} test images of {test['classes']} classes that no training image "
        "belongs to, every image a query once; features length-normalised; NMI with the "
        f"{average} mean of the entropies."
    )


def _seed_notes(rows: Sequence[Row]) -> list[str]:
    counts = {row.label: len(row.evaluations) for row in rows if row.evaluations}
    if max(counts.values()) == 1:
        return []
    numbers = set(counts.values())
    if len(numbers) == 1:
        return [f"Mean ± sample standard deviation over {numbers.pop()} seeds."]
    listed = ", ".join(f"{label} {count}" for label, count in counts.items())
    return [f"Mean ± sample standard deviation over seeds, as many as: {listed}."]


def _settings_notes(runs: Sequence[Record]) -> list[str]:
    """Says what was trained, from what, how long and how; nothing if nothing was trained."""
    settings = [_settings(run["config"]) for run in runs if run["epochs"]]
    return [f"Settings: {_all(settings)}."] if settings else []


def _settings(config: Mapping[str, Any]) -> str:
    own = "its own weights" if is_keras_file(config["backbone"]) else "random weights"
    return (
        f"{config['backbone']} from {config['weights'] or own}, "
        f"{config['epochs']} + {config['heated_epochs']} epochs, {config['optimizer']}, learning "
        f"rate {config['learning_rate']:g}, batches of {config['batch_size']}, "
        f"{config['embedding_dim']} dimensions, "
        + ", ".join((f"profile {config['profile']}", *options(config)))
    )


def _run_note(runs: Sequence[Record]) -> str:
    """Says with what, on what and in what time the records were made."""
    return (
        f"Runs: {_all(_commit(run) for run in runs)}, "
        f"TensorFlow {_all(run['provenance']['versions'].get('tensorflow') for run in runs)}, "
        f"{_all(run['config']['precision'] for run in runs)}, "
        f"{_all(_hardware(run) for run in runs)}, "
        f"{_minutes(runs)}."
    )


def _minutes(runs: Sequence[Record]) -> str:
    """The time of a run; a heated one's includes the epochs that it shares with LN or BN."""
    times = [sum(run["seconds"].values()) / 60 for run in runs if run["epochs"]]
    if not times:
        return "nothing trained"
    spans = dict.fromkeys(f"{minutes:.1f}" for minutes in (min(times), max(times)))
    return f"{' to '.join(spans)} minutes a run, shared epochs included"


def _commit(run: Record) -> str:
    commit = run["provenance"]["commit"]
    if commit is None:
        return "no commit"
    return f"commit {commit[:7]}" + (" with local changes" if run["provenance"]["dirty"] else "")


def _hardware(run: Record) -> str:
    hardware = run["provenance"]["hardware"]
    return _all(hardware.get("gpus") or [f"{hardware['cores']} cores of {hardware['cpu']}"])


def _all(names: Iterable[str | None]) -> str:
    return " and ".join(dict.fromkeys(name or "unknown" for name in names))


def _percent(score: Score | None) -> str:
    if score is None:
        return _NONE
    mean = f"{100 * score.mean:.2f}"
    return mean if score.std is None else f"{mean} ± {100 * score.std:.2f}"


def _points(fraction: float) -> str:
    return f"{100 * fraction:+.2f}".replace("-", "−")


def _interval(interval: Interval | None) -> str:
    if interval is None:
        return _NONE
    low, high = _points(interval.low), _points(interval.high)
    return f"{_points(interval.difference)} [{low}, {high}]"
