"""A contact sheet: queries, and what a search finds nearest to each of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from hsm.visual.canvas import Canvas
from hsm.visual.hit_marks import RIGHT, WRONG, mark
from hsm.visual.labels import label
from hsm.visual.style import PAGE_WIDTH

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_MARGIN = 0.08
_GAP = 0.07
# Between a query and its neighbours.
_QUERY_GAP = 0.16
_HEADER = 0.5
_NAME_SIZE = 5.5
# Inches of a line of names, and how many characters of it fill an inch.
_LINE = 0.088
_CHARACTERS = 21


@dataclass(frozen=True)
class Picture:
    """One image of the sheet: pixels uint8 [s, s, 3] and the name of its class."""

    pixels: np.ndarray
    name: str


@dataclass(frozen=True)
class NeighbourRow:
    """A query and what was found.

    Attributes:
        query: the image that was looked up.
        place: of the first neighbour of its class, from 1.
        neighbours: the nearest first; every row of a sheet has as many.
        right: for each neighbour whether it is of the query's class.
    """

    query: Picture
    place: int
    neighbours: tuple[Picture, ...]
    right: tuple[bool, ...]


def draw_neighbours(rows: Sequence[NeighbourRow], title: str) -> Figure:
    """Draw a row a query, as wide as a page: the query, then its neighbours, nearest first.

    Right neighbours have a blue frame and a tick, wrong ones an orange frame and a cross. The
    classes' names stand below, and below a query the place of its first right neighbour.
    """
    columns = len(rows[0].neighbours)
    room = PAGE_WIDTH - 2 * _MARGIN - _QUERY_GAP - (columns - 1) * _GAP
    # Few neighbours leave room: their pictures do not fill it.
    side = min(room / (columns + 1), 1.2)
    row_height = side + 3 * _LINE + 0.1
    canvas = Canvas(PAGE_WIDTH, _HEADER + len(rows) * row_height)
    lefts = [
        _MARGIN + (side + _GAP) * i + (_QUERY_GAP - _GAP) * (i > 0) for i in range(columns + 1)
    ]
    _draw_header(canvas, title, [left + side / 2 for left in lefts])
    for index, row in enumerate(rows):
        _draw_row(canvas, row, lefts, _HEADER + index * row_height, side)
    return canvas.figure


def _draw_header(canvas: Canvas, title: str, centres: Sequence[float]) -> None:
    key = f"{RIGHT.sign} blue: of the query's class    {WRONG.sign} orange: of another class"
    canvas.text(title, _MARGIN, 0.06, size=8)
    canvas.text(key, _MARGIN, 0.21, size=7)
    for number, centre in enumerate(centres):
        words = str(number) if number else "Query"
        canvas.text(words, centre, _HEADER - 0.03, size=7, ha="center", va="bottom")


def _draw_row(
    canvas: Canvas, row: NeighbourRow, lefts: Sequence[float], top: float, side: float
) -> None:
    hit_marks = [None, *map(mark, row.right)]
    for picture, left, own in zip((row.query, *row.neighbours), lefts, hit_marks, strict=True):
        canvas.picture(picture.pixels, left, top, side, own)
        words = label(picture.name, width=max(4, int(side * _CHARACTERS)), lines=2)
        if own is None:
            words += f"\nfirst {RIGHT.sign} at {row.place:,}"
        canvas.text(words, left, top + side + 0.03, size=_NAME_SIZE)
