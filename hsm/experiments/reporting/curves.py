"""Records → learning curves: what each line of the figure is, and what stands above it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from hsm.experiments.config import METHODS
from hsm.experiments.config.run_record import RunRecord
from hsm.experiments.config.variants import standing_order
from hsm.experiments.reporting.metric_columns import (
    ACCURACY,
    Measure,
    metric_columns,
    nmi,
    nmi_average,
    recall,
)
from hsm.experiments.reporting.summary import final_rows, row_label
from hsm.visual.learning_curves import Curve, LearningCurves, write_learning_curves


def write_curves(records: Iterable[RunRecord], directory: Path, *, stem: str) -> tuple[Path, ...]:
    """Draw STEM_NAME.png and .pdf for each data set NAME; return the paths.

    Data sets of which no record was trained have no curves. Needs matplotlib: ask
    `hsm.visual.style.missing_matplotlib` first.

    Args:
        records: what is drawn.
        directory: folder of the files.
        stem: how their names start.
    """
    groups: dict[str, list[RunRecord]] = {}
    for record in records:
        groups.setdefault(record.data.name, []).append(record)
    paths: list[Path] = []
    for name, group in groups.items():
        if any(record.epochs for record in group):
            paths += write_learning_curves(learning_curves(group), directory / f"{stem}_{name}")
    return tuple(paths)


def learning_curves(records: Sequence[RunRecord]) -> LearningCurves:
    """Return a panel each for what was scored, a line for every row of the table.

    The records are of one data set; recall is that at their smallest K. Heated methods start at the
    switch, where they leave what they heat. The pretrained feature is a level.
    """
    panels = _panels(records)
    lines: dict[str, list[RunRecord]] = {}
    for record in records:
        lines.setdefault(row_label(record), []).append(record)
    return LearningCurves(
        title=_title(records),
        panels=tuple(panels),
        curves=tuple(_curve(n, lines[n], panels) for n in standing_order(sorted(lines))),
        switches=sorted({r.switch_epoch for r in _switched(records) if r.switch_epoch is not None}),
    )


def percent_by_epoch(record: RunRecord, measure: Measure) -> dict[int, float]:
    """Return percent by epoch; of a method with a switch from there on, the switch included."""
    rows = {row.epoch: row for row in sorted(record.evaluations, key=lambda row: row.epoch)}
    first = record.switch_epoch
    if record.config.is_heated and first is not None:
        at_switch = {} if record.switch is None else {first: record.switch}
        rows = at_switch | {epoch: row for epoch, row in rows.items() if epoch >= first}
    values = {epoch: measure.of(row) for epoch, row in rows.items()}
    return {epoch: 100 * value for epoch, value in values.items() if value is not None}


def curve_text(records: Sequence[RunRecord]) -> str:
    """Return what learning curves show, in words: where every method ends."""
    column = next(m for m in metric_columns(records) if m.label != "NMI")
    ends = [
        f"{row.label} {100 * score.mean:.1f}"
        for row in final_rows(records)
        if (score := row.score(column)) is not None
    ]
    return f"Scores against the epoch. {column.label} at the end, percent: {', '.join(ends)}."


def _panels(records: Sequence[RunRecord]) -> dict[str, Measure]:
    """Return what is drawn, by the label of its axis."""
    final = records[0].final
    if final.accuracy is not None:
        return {"Accuracy (%)": ACCURACY}
    smallest = min(final.recall)
    panels = {f"Recall@{smallest} (%)": recall(smallest)}
    clustering = nmi(nmi_average(records))
    return panels if clustering.of(final) is None else {**panels, "NMI (%)": clustering}


def _curve(name: str, seeds: Sequence[RunRecord], panels: dict[str, Measure]) -> Curve:
    scores = {
        label: [percent_by_epoch(record, measure) for record in seeds]
        for label, measure in panels.items()
    }
    first = seeds[0]
    return Curve(
        name,
        first.method,
        METHODS.style(first.method),
        scores,
        is_level=first.config.is_pretrained,
        queries={label: first.final.num_queries for label, m in panels.items() if m.hits},
    )


def _title(records: Sequence[RunRecord]) -> list[str]:
    lines = [records[0].data.name]
    switched = _switched(records)
    # A variant may keep its alpha: the title speaks of the methods where they are drawn.
    plain = [record for record in switched if row_label(record) == record.method] or switched
    if plain:
        config = plain[0].config
        lines.append(f"dashed line: switch, α {config.alpha:g} → {config.heated_alpha:g}")
    seeds = len({record.seed for record in records})
    if seeds > 1:
        lines.append(f"mean ± standard deviation of {seeds} seeds")
    return lines


def _switched(records: Iterable[RunRecord]) -> list[RunRecord]:
    """Return the heated methods' records that have a switch; gradual heating has none."""
    return [r for r in records if r.config.is_heated and r.switch_epoch is not None]
