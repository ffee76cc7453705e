"""Learning curves of a table's methods: its scores on the test images against the epoch."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from hsm.metrics.confidence import seeds_interval, share_interval
from hsm.output_folder import make_output_folder
from hsm.visual.files import write_figure
from hsm.visual.style import COLUMN_WIDTH, LineStyle, look

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Percent [seeds, epochs] and the number of queries, if any → the ends of a band [2, epochs].
_Band = Callable[[np.ndarray, int | None], np.ndarray | None]

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
        name: what the line is called: its method, or a variant of it.
        method: whose colour it has.
        style: how that method is drawn.
        scores: by panel, percent by epoch, once a seed.
        is_level: a level, since nothing was trained.
        queries: by panel, how many queries a score is the share of; not of the NMI.
    """

    name: str
    method: str
    style: LineStyle
    scores: Mapping[str, Sequence[Mapping[int, float]]]
    is_level: bool = False
    queries: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class LearningCurves:
    """What the figure of one data set shows.

    Attributes:
        title: what stands above it, a line each.
        panels: the panels from above, by the labels of their axes.
        curves: the lines, a method before its variants.
        switches: epochs after which something is switched.
    """

    title: Sequence[str]
    panels: Sequence[str]
    curves: Sequence[Curve]
    switches: Sequence[int] = ()


def write_learning_curves(shown: LearningCurves, stem: Path) -> tuple[Path, ...]:
    """Draw `<stem>.png` and `<stem>.pdf` and return their paths. Needs matplotlib."""
    make_output_folder(stem.parent)
    with look():
        return tuple(write_figure(draw_learning_curves(shown), stem))


def draw_learning_curves(shown: LearningCurves) -> Figure:
    """Draw a line per curve, with a band of ± 1 standard deviation where it has several seeds."""
    from matplotlib.figure import Figure

    count = len(shown.panels)
    figure = Figure(figsize=(COLUMN_WIDTH, 0.8 + _PANEL_HEIGHT * count))
    axes = figure.subplots(count, 1, sharex=True, squeeze=False)[:, 0]
    for panel, label in zip(axes, shown.panels, strict=True):
        _draw_panel(panel, shown, label, _deviation)
    axes[-1].set_xlabel("Epoch")
    # The column holds about 50 characters, and a folder's name, which may be longer, may hold the
    # signs of a formula.
    title = "\n".join(textwrap.fill(line, 50) for line in shown.title)
    axes[0].set_title(title, parse_math=False)
    _add_legend(figure, axes[0])
    return figure


def draw_panel(shown: LearningCurves, label: str, *, whole: bool) -> Figure:
    """Draw one panel by itself, with bands of 95 %: over seeds, or over the queries of one seed.

    Args:
        shown: what is drawn; its title is left out.
        label: which of its panels.
        whole: from 0 to 100 %, else as close as the scores allow.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(COLUMN_WIDTH, 1.2 + _PANEL_HEIGHT))
    panel = figure.subplots()
    _draw_panel(panel, shown, label, _interval)
    panel.set_xlabel("Epoch")
    if whole:
        panel.set_ylim(0, 100)
    _add_legend(figure, panel)
    return figure


def _draw_panel(panel: Axes, shown: LearningCurves, label: str, band: _Band) -> None:
    styles = _styles(shown.curves)
    for curve in shown.curves:
        _draw_line(panel, curve, label, styles[curve.name], band)
    panel.set_ylabel(label)
    panel.margins(x=0.03)
    panel.locator_params(axis="x", integer=True)
    for epoch in shown.switches:
        panel.axvline(epoch, color="#777777", linewidth=0.8, linestyle=(0, (4, 2)), zorder=1)


def _add_legend(figure: Figure, panel: Axes) -> None:
    handles, labels = panel.get_legend_handles_labels()
    columns = 3 if max(map(len, labels), default=0) < 12 else 2
    figure.legend(
        handles, labels, loc="outside lower center", ncols=columns, frameon=False, handlelength=3
    )


def _styles(curves: Sequence[Curve]) -> dict[str, LineStyle]:
    """Return a method's own style, and its colour with another look for each of its variants."""
    styles: dict[str, LineStyle] = {}
    for curve in curves:
        own = curve.style
        variants = sum(style.color == own.color and style != own for style in styles.values())
        variant = _VARIANT_LOOKS[variants % len(_VARIANT_LOOKS)]
        is_method = curve.name == curve.method
        styles[curve.name] = own if is_method else LineStyle(own.color, *variant)
    return styles


def _draw_line(panel: Axes, curve: Curve, label: str, style: LineStyle, band: _Band) -> None:
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
        ends = band(values, curve.queries.get(label))
        if ends is not None:
            panel.fill_between(epochs, *ends, color=style.color, alpha=0.12, linewidth=0)


def _deviation(values: np.ndarray, queries: int | None) -> np.ndarray | None:
    """Return mean ± 1 standard deviation over seeds."""
    if len(values) == 1:
        return None
    mean, std = values.mean(axis=0), values.std(axis=0, ddof=1)
    return np.stack([mean - std, mean + std])


def _interval(values: np.ndarray, queries: int | None) -> np.ndarray | None:
    """Return 95 % over seeds, or of one seed over its queries, where it has such."""
    if len(values) > 1:
        return np.clip(seeds_interval(values), 0, 100)
    return None if queries is None else 100 * share_interval(values[0] / 100, queries)
