"""Learning curves of Table 1's methods: Recall@1 and NMI on the test classes against the epoch."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from hsm.visual.style import COLUMN_WIDTH, METHOD_STYLES, RC

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Record = Mapping[str, Any]


def write_learning_curves(records: Iterable[Record], directory: Path) -> tuple[Path, ...]:
    """Draws learning_curves_NAME.png and .pdf for each data set NAME; returns the paths.

    Data sets of which no record was trained have no curves. Needs matplotlib: ask
    `style.missing_matplotlib` first.
    """
    import matplotlib

    groups: dict[str, list[Record]] = {}
    for record in records:
        groups.setdefault(record["data"]["name"], []).append(record)
    directory.mkdir(parents=True, exist_ok=True)
    paths: list[Path] = []
    with matplotlib.rc_context(dict(RC)):
        for name, group in groups.items():
            if any(record["epochs"] for record in group):
                paths += _save(draw_learning_curves(group), directory / f"learning_curves_{name}")
    return tuple(paths)


def draw_learning_curves(records: Sequence[Record]) -> Figure:
    """One panel each for recall and NMI: a line per method, a band of ± 1 standard deviation.

    The records are of one data set; recall is that at their smallest K. HLN and HBN start at the
    switch, where they leave LN and BN. The pretrained feature is a level.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(COLUMN_WIDTH, 4.4))
    panels = figure.subplots(2, 1, sharex=True)
    smallest = min(records[0]["final"]["recall"], key=int)
    for panel, metric, label in zip(
        panels, ("recall", "nmi"), (f"Recall@{smallest} (%)", "NMI (%)"), strict=True
    ):
        for method in METHOD_STYLES:
            _draw_method(panel, [r for r in records if r["method"] == method], metric)
        panel.set_ylabel(label)
        panel.margins(x=0.03)
        _mark_switch(panel, records)
    panels[1].set_xlabel("Epoch")
    panels[1].xaxis.get_major_locator().set_params(integer=True)
    # A folder's name may hold the signs of a formula.
    panels[0].set_title(_title(records), parse_math=False)
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=3, frameon=False)
    return figure


def curve(record: Record, metric: str) -> dict[int, float]:
    """Percent by epoch; of a method with a switch from there on, the switch included.

    Args:
        metric: "recall" for recall at the smallest K, or "nmi" for the NMI that the record's
            profile shows.
    """
    evaluations = list(record["evaluations"])
    if record["method"].startswith("H") and record["switch_epoch"] is not None:
        evaluations = [e for e in evaluations if e["epoch"] >= record["switch_epoch"]]
        if record["switch"] is not None:
            evaluations.insert(0, {**record["switch"], "epoch": record["switch_epoch"]})
    return {
        e["epoch"]: _percent(record, e, metric)
        for e in sorted(evaluations, key=lambda e: e["epoch"])
    }


def _save(figure: Figure, stem: Path) -> list[Path]:
    # Without dates and versions, the same records give the same bytes.
    stamps = {".png": "Software", ".pdf": "CreationDate"}
    paths = {stem.with_name(stem.name + suffix): stamp for suffix, stamp in stamps.items()}
    for path, stamp in paths.items():
        figure.savefig(path, metadata={stamp: None})
    return list(paths)


def _draw_method(panel: Axes, records: Sequence[Record], metric: str) -> None:
    if not records:
        return
    method = records[0]["method"]
    style = METHOD_STYLES[method]
    if method == "pretrained":
        level = float(np.mean([_percent(record, record["final"], metric) for record in records]))
        panel.axhline(level, color=style.color, linestyle=style.dashes, label=method)
        return
    curves = [curve(record, metric) for record in records]
    # A curve of means has only epochs that every seed was evaluated at.
    epochs = sorted(set.intersection(*map(set, curves)))
    if epochs:
        values = np.array([[c[epoch] for epoch in epochs] for c in curves])
        look = {"color": style.color, "linestyle": style.dashes, "label": method}
        panel.plot(epochs, values.mean(axis=0), marker=style.marker, **look)
        _draw_band(panel, epochs, values, style.color)


def _draw_band(panel: Axes, epochs: Sequence[int], values: np.ndarray, color: str) -> None:
    if len(values) > 1:
        mean, std = values.mean(axis=0), values.std(axis=0, ddof=1)
        panel.fill_between(epochs, mean - std, mean + std, color=color, alpha=0.18, linewidth=0)


def _mark_switch(panel: Axes, records: Sequence[Record]) -> None:
    for epoch in sorted({record["switch_epoch"] for record in _switched(records)}):
        panel.axvline(epoch, color="#777777", linewidth=0.8, linestyle=(0, (4, 2)), zorder=1)


def _title(records: Sequence[Record]) -> str:
    parts = [records[0]["data"]["name"]]
    switched = _switched(records)
    if switched:
        config = switched[0]["config"]
        alpha, heated_alpha = config["alpha"], config["heated_alpha"]
        parts.append(f"dashed line: switch, α {alpha:g} → {heated_alpha:g}")
    seeds = len({record["seed"] for record in records})
    if seeds > 1:
        parts.append(f"mean ± standard deviation of {seeds} seeds")
    # The column holds about 50 characters; a folder's name may be longer.
    return "\n".join(textwrap.fill(part, 50) for part in parts)


def _switched(records: Sequence[Record]) -> list[Record]:
    """The heated methods' records that have a switch; gradual heating has none."""
    heated = [record for record in records if record["method"].startswith("H")]
    return [record for record in heated if record["switch_epoch"] is not None]


def _percent(record: Record, evaluation: Record, metric: str) -> float:
    average = record["config"].get("nmi", "arithmetic")
    recall = evaluation["recall"]
    value = recall[min(recall, key=int)] if metric == "recall" else evaluation[f"nmi_{average}"]
    return 100 * float(value)
