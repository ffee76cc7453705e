"""Learning curves of a table's methods: its scores on the test images against the epoch."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from hsm.output_folder import make_output_folder
from hsm.visual.files import write_figure
from hsm.visual.style import COLUMN_WIDTH, LineStyle, look

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_PANEL_HEIGHT = 1.8
# Markers and lines of a method's variants, which have its colour.
_VARIANT_LOOKS: tuple[tuple[str, str | tuple[float, tuple[float, ...]]], ...] = (
    ("X", ":"),
    ("P", "-."),
    ("*", (0, (5, 1, 1, 1, 1, 1))),
    ("h", (0, (1, 1))),
)


@dataclass(frozen=True)
class Curve:
    """One line of the figure, of one seed or of the mean of several.

    Attributes:
        name: What the line is called: its method, or a variant of it.
        method: Whose colour it has.
        style: How that method is drawn.
        scores: By panel, percent by epoch, once a seed.
        is_level: A level, since nothing was trained.
    """

    name: str
    method: str
    style: LineStyle
    scores: Mapping[str, Sequence[Mapping[int, float]]]
    is_level: bool = False


@dataclass(frozen=True)
class LearningCurves:
    """What the figure of one data set shows.

    Attributes:
        title: What stands above it, a line each.
        panels: The panels from above, by the labels of their axes.
        curves: The lines, a method before its variants.
        switches: Epochs after which something is switched.
    """

    title: Sequence[str]
    panels: Sequence[str]
    curves: Sequence[Curve]
    switches: Sequence[int] = ()


def write_learning_curves(shown: LearningCurves, stem: Path) -> tuple[Path, ...]:
    """Draws `<stem>.png` and `<stem>.pdf` and returns their paths. Needs matplotlib."""
    make_output_folder(stem.parent)
    with look():
        return tuple(write_figure(draw_learning_curves(shown), stem))


def draw_learning_curves(shown: LearningCurves) -> Figure:
    """Draws a line per curve, with a band of ± 1 standard deviation where it has several seeds."""
    from matplotlib.figure import Figure

    count = len(shown.panels)
    figure = Figure(figsize=(COLUMN_WIDTH, 0.8 + _PANEL_HEIGHT * count))
    axes = figure.subplots(count, 1, sharex=True, squeeze=False)[:, 0]
    styles = _styles(shown.curves)
    for panel, label in zip(axes, shown.panels, strict=True):
        for curve in shown.curves:
            _draw_line(panel, curve, label, styles[curve.name])
        panel.set_ylabel(label)
        panel.margins(x=0.03)
        for epoch in shown.switches:
            panel.axvline(epoch, color="#777777", linewidth=0.8, linestyle=(0, (4, 2)), zorder=1)
    axes[-1].set_xlabel("Epoch")
    axes[-1].xaxis.get_major_locator().set_params(integer=True)
    # The column holds about 50 characters, and a folder's name, which may be longer, may hold the
    # signs of a formula.
    title = "\n".join(textwrap.fill(line, 50) for line in shown.title)
    axes[0].set_title(title, parse_math=False)
    _add_legend(figure, axes[0])
    return figure


def _add_legend(figure: Figure, panel: Axes) -> None:
    handles, labels = panel.get_legend_handles_labels()
    columns = 3 if max(map(len, labels), default=0) < 12 else 2
    figure.legend(
        handles, labels, loc="outside lower center", ncols=columns, frameon=False, handlelength=3
    )


def _styles(curves: Sequence[Curve]) -> dict[str, LineStyle]:
    """A method's own style, and its colour with another look for each of its variants."""
    found: dict[str, LineStyle] = {}
    for curve in curves:
        own = curve.style
        variants = sum(style.color == own.color and style != own for style in found.values())
        variant = _VARIANT_LOOKS[variants % len(_VARIANT_LOOKS)]
        is_method = curve.name == curve.method
        found[curve.name] = own if is_method else LineStyle(own.color, *variant)
    return found


def _draw_line(panel: Axes, curve: Curve, label: str, style: LineStyle) -> None:
    look: dict[str, Any] = {
        "color": style.color,
        "linestyle": style.dashes,
        "label": curve.name,
    }
    seeds = curve.scores[label]
    if curve.is_level:
        panel.axhline(float(np.mean([value for seed in seeds for value in seed.values()])), **look)
        return
    # A curve of means has only epochs that every seed was evaluated at.
    epochs = sorted(set.intersection(*map(set, seeds)))
    if epochs:
        values = np.array([[seed[epoch] for epoch in epochs] for seed in seeds])
        panel.plot(epochs, values.mean(axis=0), marker=style.marker, **look)
        _draw_band(panel, epochs, values, style.color)


def _draw_band(panel: Axes, epochs: Sequence[int], values: np.ndarray, color: str) -> None:
    if len(values) > 1:
        mean, std = values.mean(axis=0), values.std(axis=0, ddof=1)
        panel.fill_between(epochs, mean - std, mean + std, color=color, alpha=0.18, linewidth=0)
