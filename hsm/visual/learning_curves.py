"""Learning curves of a table's methods: its scores on the test images against the epoch."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from hsm.output_folder import make_output_folder
from hsm.visual.files import write_figure
from hsm.visual.style import COLUMN_WIDTH, METHOD_STYLES, RC, LineStyle

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Record = Mapping[str, Any]

_PANEL_HEIGHT = 1.8
# Markers and lines of a method's variants, which have its colour.
_VARIANT_LOOKS: tuple[tuple[str, str | tuple[float, tuple[float, ...]]], ...] = (
    ("X", ":"),
    ("P", "-."),
    ("*", (0, (5, 1, 1, 1, 1, 1))),
    ("h", (0, (1, 1))),
)


def _method(record: Record) -> str:
    return str(record["method"])


def write_learning_curves(
    records: Iterable[Record],
    directory: Path,
    *,
    stem: str = "learning_curves",
    name_of: Callable[[Record], str] = _method,
) -> tuple[Path, ...]:
    """Draws STEM_NAME.png and .pdf for each data set NAME; returns the paths.

    Args:
        records: What is drawn.
        directory: Folder of the files.
        stem: How their names start.
        name_of: What the line of a record is called: its method, or a variant of it that starts
            with its name. Records of one name differ in their seeds.

    Data sets of which no record was trained have no curves. Needs matplotlib: ask
    `style.missing_matplotlib` first.
    """
    import matplotlib

    groups: dict[str, list[Record]] = {}
    for record in records:
        groups.setdefault(record["data"]["name"], []).append(record)
    make_output_folder(directory)
    paths: list[Path] = []
    with matplotlib.rc_context(dict(RC)):
        for name, group in groups.items():
            if any(record["epochs"] for record in group):
                figure = draw_learning_curves(group, name_of=name_of)
                paths += write_figure(figure, directory / f"{stem}_{name}")
    return tuple(paths)


def draw_learning_curves(
    records: Sequence[Record], *, name_of: Callable[[Record], str] = _method
) -> Figure:
    """One panel each for what was scored: a line per name, a band of ± 1 standard deviation.

    The records are of one data set; recall is that at their smallest K. HLN and HBN start at the
    switch, where they leave LN and BN. The pretrained feature is a level.
    """
    from matplotlib.figure import Figure

    metrics = _metrics(records[0]["final"])
    figure = Figure(figsize=(COLUMN_WIDTH, 0.8 + _PANEL_HEIGHT * len(metrics)))
    panels = figure.subplots(len(metrics), 1, sharex=True, squeeze=False)[:, 0]
    lines = _lines(records, name_of)
    for panel, (metric, label) in zip(panels, metrics.items(), strict=True):
        for name, style in _styles(lines).items():
            _draw_line(panel, lines[name], metric, name, style)
        panel.set_ylabel(label)
        panel.margins(x=0.03)
        _mark_switch(panel, records)
    panels[-1].set_xlabel("Epoch")
    panels[-1].xaxis.get_major_locator().set_params(integer=True)
    # A folder's name may hold the signs of a formula.
    panels[0].set_title(_title(records, name_of), parse_math=False)
    handles, labels = panels[0].get_legend_handles_labels()
    columns = 3 if max(map(len, labels), default=0) < 12 else 2
    figure.legend(
        handles, labels, loc="outside lower center", ncols=columns, frameon=False, handlelength=3
    )
    return figure


def curve(record: Record, metric: str) -> dict[int, float]:
    """Percent by epoch; of a method with a switch from there on, the switch included.

    Args:
        metric: "recall" for recall at the smallest K, "nmi" for the NMI that the record's profile
            shows, or "accuracy".
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


def _metrics(evaluation: Record) -> dict[str, str]:
    """The panels: what is drawn, and the label of its axis."""
    if "accuracy" in evaluation:
        return {"accuracy": "Accuracy (%)"}
    smallest = min(evaluation["recall"], key=int)
    found = {"recall": f"Recall@{smallest} (%)"}
    return found if evaluation["nmi_arithmetic"] is None else {**found, "nmi": "NMI (%)"}


def _lines(records: Sequence[Record], name_of: Callable[[Record], str]) -> dict[str, list[Record]]:
    """The records by name, a method before its variants, in the order of the styles."""
    order = list(METHOD_STYLES)
    found: dict[str, list[Record]] = {}
    for record in sorted(records, key=lambda r: (order.index(_method(r)), name_of(r))):
        found.setdefault(name_of(record), []).append(record)
    return found


def _styles(lines: Mapping[str, Sequence[Record]]) -> dict[str, LineStyle]:
    """A method's own style, and its colour with another look for each of its variants."""
    found: dict[str, LineStyle] = {}
    for name, group in lines.items():
        own = METHOD_STYLES[_method(group[0])]
        variants = sum(style.color == own.color and style != own for style in found.values())
        look = _VARIANT_LOOKS[variants % len(_VARIANT_LOOKS)]
        found[name] = own if name in METHOD_STYLES else LineStyle(own.color, *look)
    return found


def _draw_line(
    panel: Axes, records: Sequence[Record], metric: str, name: str, style: LineStyle
) -> None:
    look: dict[str, Any] = {"color": style.color, "linestyle": style.dashes, "label": name}
    if name == "pretrained":
        level = float(np.mean([_percent(record, record["final"], metric) for record in records]))
        panel.axhline(level, **look)
        return
    curves = [curve(record, metric) for record in records]
    # A curve of means has only epochs that every seed was evaluated at.
    epochs = sorted(set.intersection(*map(set, curves)))
    if epochs:
        values = np.array([[c[epoch] for epoch in epochs] for c in curves])
        panel.plot(epochs, values.mean(axis=0), marker=style.marker, **look)
        _draw_band(panel, epochs, values, style.color)


def _draw_band(panel: Axes, epochs: Sequence[int], values: np.ndarray, color: str) -> None:
    if len(values) > 1:
        mean, std = values.mean(axis=0), values.std(axis=0, ddof=1)
        panel.fill_between(epochs, mean - std, mean + std, color=color, alpha=0.18, linewidth=0)


def _mark_switch(panel: Axes, records: Sequence[Record]) -> None:
    for epoch in sorted({record["switch_epoch"] for record in _switched(records)}):
        panel.axvline(epoch, color="#777777", linewidth=0.8, linestyle=(0, (4, 2)), zorder=1)


def _title(records: Sequence[Record], name_of: Callable[[Record], str]) -> str:
    parts = [records[0]["data"]["name"]]
    switched = _switched(records)
    # A variant may keep its alpha: the title speaks of the methods where they are drawn.
    plain = [record for record in switched if name_of(record) == _method(record)] or switched
    if plain:
        config = plain[0]["config"]
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
    if metric == "nmi":
        metric = f"nmi_{record['config'].get('nmi', 'arithmetic')}"
    value = evaluation[metric]
    return 100 * float(value[min(value, key=int)] if metric == "recall" else value)
