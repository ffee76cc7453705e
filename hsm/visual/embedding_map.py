"""A map of embeddings: a point an image, and pictures of some of them where they lie."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from hsm.visual.hit_marks import RIGHT, WRONG
from hsm.visual.labels import label
from hsm.visual.style import PAGE_WIDTH

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# A picture's side as a share of the map's.
_PICTURE = 1 / 17
_MOST_PICTURES = 90
# Okabe and Ito's palette, and a marker each: so many classes can be told apart.
_LOOKS = (
    ("#0072B2", "o"),
    ("#E69F00", "s"),
    ("#009E73", "^"),
    ("#D55E00", "v"),
    ("#CC79A7", "D"),
    ("#56B4E9", "P"),
    ("#000000", "*"),
)


@dataclass(frozen=True)
class MapPoints:
    """What is drawn.

    Attributes:
        places: float [n, 2].
        labels: int [n], classes.
        class_names: by label.
        right: bool [n], whether the image's nearest neighbour is of its class.
        axis_names: of the two directions; None where they mean nothing.
    """

    places: NDArray[np.float64]
    labels: NDArray[np.integer]
    class_names: Sequence[str]
    right: NDArray[np.bool_]
    axis_names: tuple[str, str] | None = None


def pictured(places: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return which points [n, 2] get a picture: at most 90, none over another, spread evenly."""
    side = _span(places) * _PICTURE
    chosen: list[int] = []
    # In an order that has nothing to do with the classes'.
    for index in np.random.default_rng(0).permutation(len(places)):
        away = np.abs(places[chosen] - places[index]).max(axis=1) if chosen else np.array([np.inf])
        if away.min() >= side:
            chosen.append(int(index))
    return np.array(chosen[:_MOST_PICTURES], np.int64)


def draw_map(points: MapPoints, pixels: np.ndarray, title: str) -> Figure:
    """Draw as wide as a page: points, and the pictures of those that `pictured` chose of them.

    Up to seven classes have a colour and a marker each. More cannot be told apart: then a point's
    mark says whether the image's nearest neighbour is of its class.

    Args:
        points: the places, and what is known of them.
        pixels: uint8 [m, s, s, 3], the pictures in the order of `pictured(points.places)`.
        title: above the map.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(PAGE_WIDTH, PAGE_WIDTH + 0.3))
    axes = figure.subplots()
    groups = _groups(points)
    for name, (chosen, color, marker) in groups.items():
        x, y = points.places[chosen].T
        edges = None if marker == "x" else "none"
        look: dict[str, Any] = {"c": color, "marker": marker, "edgecolors": edges, "alpha": 0.75}
        axes.scatter(x, y, s=11, linewidths=0.8, label=name, **look)
    _draw_pictures(axes, points, pixels, groups)
    _set_axes(axes, points)
    axes.set_title(title, parse_math=False)
    legend = figure.legend(loc="outside lower center", ncols=min(len(groups), 7), frameon=False)
    for text in legend.get_texts():
        text.set_parse_math(False)  # A name may hold a dollar sign.
    return figure


def _groups(points: MapPoints) -> dict[str, tuple[NDArray[np.bool_], str, str]]:
    """Return by name: which points, their colour and their marker."""
    present = np.unique(points.labels)
    if len(present) <= len(_LOOKS):
        groups: dict[str, tuple[NDArray[np.bool_], str, str]] = {}
        for c, look in zip(present, _LOOKS, strict=False):
            short = label(points.class_names[c], width=24)
            # Names may differ only in what was cut off.
            alike = sum(name.startswith(short) for name in groups)
            groups[f"{short} ({alike + 1})" if alike else short] = (points.labels == c, *look)
        return groups
    names = ("nearest neighbour of its class", "nearest neighbour of another class")
    return {
        names[0]: (points.right, RIGHT.color, RIGHT.marker),
        names[1]: (~points.right, WRONG.color, WRONG.marker),
    }


def _draw_pictures(
    axes: Axes,
    points: MapPoints,
    pixels: np.ndarray,
    groups: dict[str, tuple[NDArray[np.bool_], str, str]],
) -> None:
    from matplotlib.patches import Rectangle

    half = 0.46 * _span(points.places) * _PICTURE
    for index, picture in zip(pictured(points.places), pixels, strict=True):
        x, y = points.places[index]
        color = next(color for chosen, color, _ in groups.values() if chosen[index])
        extent = (x - half, x + half, y - half, y + half)
        axes.imshow(picture, extent=extent, aspect="auto", zorder=3)
        corner, side = (x - half, y - half), 2 * half
        axes.add_patch(
            Rectangle(corner, side, side, fill=False, edgecolor=color, linewidth=1.1, zorder=4)
        )


def _set_axes(axes: Axes, points: MapPoints) -> None:
    middle = (points.places.min(axis=0) + points.places.max(axis=0)) / 2
    half = _span(points.places) * (0.5 + _PICTURE)
    axes.set_xlim(middle[0] - half, middle[0] + half)
    axes.set_ylim(middle[1] - half, middle[1] + half)
    axes.set_aspect("equal")
    axes.grid(visible=False)
    if points.axis_names is None:
        axes.spines[:].set_visible(False)
        axes.set_xticks([])
        axes.set_yticks([])
    else:
        axes.set_xlabel(points.axis_names[0])
        axes.set_ylabel(points.axis_names[1])


def _span(places: NDArray[np.float64]) -> float:
    """Return the side of the square that holds all places; 1 where they are all one."""
    return float(np.ptp(places, axis=0).max()) or 1.0
