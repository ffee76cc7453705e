"""A contact sheet of a search: photographs that were looked up, and what lies nearest to each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from hsm.visual.canvas import Canvas
from hsm.visual.labels import label
from hsm.visual.style import PAGE_WIDTH

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_MARGIN, _GAP, _QUERY_GAP, _HEADER = 0.08, 0.07, 0.16, 0.5
_NAME_SIZE = 5.5
# Inches of a line of words, and how many characters of it fill an inch.
_LINE, _CHARACTERS = 0.088, 21


@dataclass(frozen=True)
class ResultPicture:
    """A picture of the sheet.

    Attributes:
        pixels: uint8 [s, s, 3]; grey where the file could not be read.
        name: what stands below it.
        distance: from the query; None for the query itself.
        is_like: whether it is within the index's threshold; True where there is none.
    """

    pixels: np.ndarray
    name: str
    distance: float | None = None
    is_like: bool = True

    @property
    def words(self) -> str:
        """What is said of the distance; empty for a query."""
        if self.distance is None:
            return ""
        return f"{self.distance:.3f}" + ("" if self.is_like else ", beyond the threshold")


@dataclass(frozen=True)
class ResultRow:
    """A query and its neighbours, the nearest first."""

    query: ResultPicture
    neighbours: tuple[ResultPicture, ...]


def draw_results(rows: Sequence[ResultRow], title: str) -> Figure:
    """Draw a row a query, as wide as a page: the query at the left, then its neighbours.

    Names stand below, and the distance, which says where it is beyond the threshold.
    """
    columns = max((len(row.neighbours) for row in rows), default=0)
    room = PAGE_WIDTH - 2 * _MARGIN - _QUERY_GAP - max(0, columns - 1) * _GAP
    side = min(room / (columns + 1), 1.2)
    height = side + 4 * _LINE + 0.1
    canvas = Canvas(PAGE_WIDTH, _HEADER + max(1, len(rows)) * height)
    lefts = [
        _MARGIN + (side + _GAP) * i + (_QUERY_GAP - _GAP) * (i > 0) for i in range(columns + 1)
    ]
    canvas.text(title, _MARGIN, 0.06, size=8)
    for number, left in enumerate(lefts):
        words = str(number) if number else "Query"
        canvas.text(words, left + side / 2, _HEADER - 0.03, size=7, ha="center", va="bottom")
    for index, row in enumerate(rows):
        top = _HEADER + index * height
        for picture, left in zip((row.query, *row.neighbours), lefts, strict=False):
            canvas.picture(picture.pixels, left, top, side)
            width = max(4, int(side * _CHARACTERS))
            words = f"{label(picture.name, width=width, lines=2)}\n{_distance(picture, width)}"
            canvas.text(words, left, top + side + 0.03, size=_NAME_SIZE)
    return canvas.figure


def _distance(picture: ResultPicture, width: int) -> str:
    return label(picture.words, width=width, lines=2) if picture.words else ""
