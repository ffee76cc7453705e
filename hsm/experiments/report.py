"""Records → Table 1: in the terminal, as Markdown, as LaTeX, and as CSV with every number.

What the tables hold is said in `hsm.experiments.layout.grids`.
"""

from __future__ import annotations

import csv
import io
import statistics
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from hsm.experiments import summary
from hsm.experiments.layout import grids
from hsm.experiments.summary import Record
from hsm.experiments.tables import to_latex, to_markdown, to_text

_STAGES = ("final", "best", "switch", "unnormalized")


def render_text(records: Iterable[Record]) -> str:
    """Table 1 for the terminal, at most 100 columns wide."""
    return "\n\n".join(map(to_text, grids(records)))


def render_markdown(records: Iterable[Record]) -> str:
    """Table 1 as Markdown."""
    return "\n\n".join(map(to_markdown, grids(records)))


def render_latex(records: Iterable[Record]) -> str:
    """Table 1 as LaTeX; the document needs the package booktabs."""
    return "\n\n".join(map(to_latex, grids(records)))


def render_csv(records: Iterable[Record]) -> str:
    """Every evaluation of every record, fractions 0..1 in full precision.

    One line per data set, method, stage and seed; where there are several seeds, two further lines
    hold their mean and their sample standard deviation.
    """
    text = io.StringIO()
    runs = list(records)
    ks = summary.ks(runs)
    metrics = ["nmi_arithmetic", "nmi_geometric", *(f"recall@{k}" for k in ks)]
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["dataset", "method", "stage", "seed", "epoch", "num_queries", *metrics])
    for dataset, group in summary.by_dataset(runs).items():
        for method in dict.fromkeys(run["method"] for run in group):
            for stage in _STAGES:
                lines = _csv_lines([run for run in group if run["method"] == method], stage, ks)
                writer.writerows([dataset, method, stage, *line] for line in lines)
    return text.getvalue()


def write_tables(
    records: Iterable[Record], directory: Path, *, stem: str = "table1"
) -> tuple[Path, ...]:
    """Writes `stem`.md, .csv and .tex into `directory` and returns their paths.

    Raises:
        ValueError: If the records do not go into one table, see `summary.by_dataset`.
    """
    runs = list(records)
    renderers: dict[str, Callable[[Sequence[Record]], str]] = {
        ".md": render_markdown,
        ".csv": render_csv,
        ".tex": render_latex,
    }
    texts = {directory / (stem + suffix): render(runs) for suffix, render in renderers.items()}
    directory.mkdir(parents=True, exist_ok=True)
    for path, text in texts.items():
        path.write_text(text.rstrip("\n") + "\n", encoding="utf-8")
    return tuple(texts)


def _csv_lines(runs: Sequence[Record], stage: str, ks: Sequence[int]) -> list[list[Any]]:
    """Lines of seed, epoch, number of queries and metrics."""
    found = {run["seed"]: run[stage] for run in runs if run.get(stage) is not None}
    metrics = {seed: _metrics(evaluation, ks) for seed, evaluation in found.items()}
    lines = [
        [seed, evaluation.get("epoch"), evaluation["num_queries"], *metrics[seed]]
        for seed, evaluation in sorted(found.items())
    ]
    if len(found) > 1:
        columns = list(zip(*metrics.values(), strict=True))
        for name, average in (("mean", statistics.fmean), ("std", statistics.stdev)):
            lines.append([name, None, None, *(_over_seeds(average, c) for c in columns)])
    return lines


def _metrics(evaluation: Mapping[str, Any], ks: Sequence[int]) -> list[float | None]:
    recalls = [evaluation["recall"].get(str(k)) for k in ks]
    return [evaluation["nmi_arithmetic"], evaluation["nmi_geometric"], *recalls]


def _over_seeds(
    average: Callable[[Sequence[float]], float], values: Sequence[float | None]
) -> float | None:
    measured = [value for value in values if value is not None]
    return average(measured) if len(measured) == len(values) else None
