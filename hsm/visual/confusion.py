"""Pairs of classes that an embedding confuses: how often, in which direction, and an example."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from hsm.visual.canvas import Canvas
from hsm.visual.hit_marks import WRONG
from hsm.visual.labels import label
from hsm.visual.style import PAGE_WIDTH

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


_MARGIN = 0.08
_SIDE = 0.5
_ROW = 0.6
_HEADER = 0.42
_FOOTER = 0.46
# Inches from the left to the bars; the words end before them.
_BARS = 4.55


@dataclass(frozen=True)
class Direction:
    """Images of one class taken for another: `count` of `queries` images."""

    name: str
    taken_for: str
    count: int
    queries: int


@dataclass(frozen=True)
class ConfusionRow:
    """A pair of classes.

    Attributes:
        query: pixels of an image that was taken for the other class, uint8 [s, s, 3].
        neighbour: pixels of what lies nearest to it.
        directions: one for each of the two classes, that of the query first.
    """

    query: np.ndarray
    neighbour: np.ndarray
    directions: tuple[Direction, Direction]


def draw_confusion(rows: Sequence[ConfusionRow], title: str) -> Figure:
    """Draw a row a pair, as wide as a page: an example, and a bar for each direction."""
    height = _HEADER + len(rows) * _ROW + _FOOTER
    canvas = Canvas(PAGE_WIDTH, height)
    canvas.text(title, _MARGIN, 0.06, size=8)
    canvas.text("Query, and what lies nearest to it", _MARGIN, 0.22, size=7)
    for index, row in enumerate(rows):
        top = _HEADER + index * _ROW
        canvas.picture(row.query, _MARGIN, top, _SIDE)
        canvas.picture(row.neighbour, _MARGIN + _SIDE + 0.05, top, _SIDE, WRONG)
        for direction, middle in zip(row.directions, _middles(top), strict=True):
            words = f"{label(direction.name, width=26)} → {label(direction.taken_for, width=26)}"
            canvas.text(words, _BARS - 0.1, middle, size=6.5, ha="right", va="center")
    place = (_BARS, _FOOTER, PAGE_WIDTH - _BARS - 0.62, len(rows) * _ROW)
    _draw_bars(_axes(canvas.figure, place, height), rows)
    return canvas.figure


def _middles(top: float) -> tuple[float, float]:
    """Return where the two bars of a row lie."""
    return top + _SIDE * 0.25, top + _SIDE * 0.75


def _axes(figure: Figure, place: tuple[float, float, float, float], height: float) -> Axes:
    """Return axes at (left, bottom, width, height) in inches."""
    left, bottom, wide, high = place
    return figure.add_axes((left / PAGE_WIDTH, bottom / height, wide / PAGE_WIDTH, high / height))


def _draw_bars(axes: Axes, rows: Sequence[ConfusionRow]) -> None:
    from matplotlib.ticker import MaxNLocator

    for index, row in enumerate(rows):
        looks = (("#0072B2", ""), ("#56B4E9", "////"))
        for direction, middle, look in zip(
            row.directions, _middles(index * _ROW), looks, strict=True
        ):
            axes.barh(middle, direction.count, 0.2, color=look[0], hatch=look[1], edgecolor="white")
            axes.annotate(
                f"{direction.count:,} of {direction.queries:,}",
                (direction.count, middle),
                xytext=(3, 0),
                textcoords="offset points",
                va="center",
                fontsize=6.5,
            )
    axes.set_ylim(len(rows) * _ROW, 0)
    axes.set_yticks([])
    axes.grid(visible=False, axis="y")
    axes.spines["left"].set_visible(False)
    axes.xaxis.set_major_locator(MaxNLocator("auto", integer=True))
    axes.set_xlabel("Queries with that class nearest")
