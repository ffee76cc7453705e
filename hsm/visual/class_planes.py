"""Embeddings of two dimensions, class by class, with the classifier's weights: Figure 2."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from hsm.visual.files import write_csv, write_figure
from hsm.visual.style import COLUMN_WIDTH, look

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# M. A. Petroff, "Accessible Color Sequences for Data Visualization", 2021: ten colours that
# colour-blind readers can tell apart.
CLASS_COLORS = (
    "#3f90da",
    "#ffa90e",
    "#bd1f01",
    "#94a4a2",
    "#832db6",
    "#a96b59",
    "#e76300",
    "#b9ac70",
    "#717581",
    "#92dadd",
)
_COLUMNS = 2
_PANEL_HEIGHT = 1.82
# The released code draws a weight at this part of its length, lest its points cover it.
_WEIGHT_LENGTH = 0.9
_LABEL_RADIUS, _LABEL_GAP = 1.2, 0.21
_LIMIT = 1.38


@dataclass(frozen=True, eq=False)
class Plane:
    """One panel.

    Attributes:
        title: what it shows.
        points: embeddings, [n, 2].
        labels: their classes, int [n], 0..M-1; every class occurs.
        weights: the classes' weights, [M, 2].
        on_circle: whether points and weights have unit length.
    """

    title: str
    points: NDArray[np.floating]
    labels: NDArray[np.integer]
    weights: NDArray[np.floating]
    on_circle: bool

    def __post_init__(self) -> None:
        """Raise ValueError if shapes do not fit, or there are more classes than colours."""
        classes = len(self.weights)
        if classes > len(CLASS_COLORS):
            raise ValueError(
                f"expected at most {len(CLASS_COLORS)} classes, one a colour. Received: {classes}"
            )
        if self.points.shape != (len(self.labels), 2) or self.weights.shape != (classes, 2):
            raise ValueError(
                "expected points [n, 2], labels [n] and weights [M, 2]. Received: "
                f"{self.points.shape}, {self.labels.shape} and {self.weights.shape}"
            )
        if not np.array_equal(np.unique(self.labels), np.arange(classes)):
            raise ValueError(
                f"expected all of 0..{classes - 1} as labels. Received: {np.unique(self.labels)}"
            )


def write_planes(
    embedding_planes: Sequence[Plane], stem: Path, *, class_names: Sequence[str]
) -> tuple[Path, ...]:
    """Draw `<stem>.png` and `<stem>.pdf` and return their paths. Needs matplotlib.

    Args:
        embedding_planes: the panels, from left to right and from top to bottom.
        stem: path of the files without suffix.
        class_names: a short name a class, M of them.
    """
    with look():
        return tuple(write_figure(draw_planes(embedding_planes, class_names), stem))


def draw_planes(embedding_planes: Sequence[Plane], class_names: Sequence[str]) -> Figure:
    """Draw the panels with equal axes: points, weights as diamonds, names at the points."""
    from matplotlib.figure import Figure

    rows = -(-len(embedding_planes) // _COLUMNS)
    figure = Figure(figsize=(COLUMN_WIDTH, _PANEL_HEIGHT * rows))
    panels = figure.subplots(rows, _COLUMNS, squeeze=False).ravel()
    for panel, plane in zip(panels, embedding_planes, strict=False):
        _draw(panel, plane, class_names)
    for panel in panels[len(embedding_planes) :]:
        panel.set_axis_off()
    return figure


def write_points(
    embedding_planes: Sequence[Plane], path: Path, *, class_names: Sequence[str]
) -> Path:
    """Write every point and weight: panel, kind ("feature" or "weight"), class, x, y."""

    def rows() -> Iterator[Sequence[object]]:
        yield "panel", "kind", "class", "x", "y"
        for plane in embedding_planes:
            parts = (
                ("feature", plane.points, plane.labels),
                ("weight", plane.weights, np.arange(len(plane.weights))),
            )
            for kind, points, labels in parts:
                for (x, y), label in zip(points, labels, strict=True):
                    yield plane.title, kind, class_names[label], f"{x:.6g}", f"{y:.6g}"

    return write_csv(path, rows())


def spread_angles(angles: NDArray[np.floating], gap: float) -> NDArray[np.floating]:
    """Move angles apart that lie closer than `gap`, in place of labels that cover each other.

    Args:
        angles: radians, [m].
        gap: the smallest distance along the circle, at most 2 pi / m.

    Returns:
        [m], in the order of `angles`; those with room around them stay where they are.
    """
    order = np.argsort(angles % (2 * np.pi))
    placed = (angles % (2 * np.pi))[order]
    # Every round halves what is missing between neighbours, the last and the first among them.
    for _ in range(1000):
        distances = np.diff(placed, append=placed[:1] + 2 * np.pi)
        missing = np.maximum(gap - distances, 0.0)
        if missing.max() < 1e-9:
            break
        placed = placed + (np.roll(missing, 1) - missing) / 2
    spread = np.empty_like(placed)
    spread[order] = placed
    return spread


def _draw(panel: Axes, plane: Plane, names: Sequence[str]) -> None:
    for label in range(len(plane.weights)):
        look: dict[str, Any] = {"color": CLASS_COLORS[label], "linewidths": 0}
        x, y = plane.points[plane.labels == label].T
        # Ten thousand points as pixels: as outlines they would make the PDF slow to open.
        panel.scatter(x, y, s=2, alpha=0.5, rasterized=True, **look)
    x, y = _WEIGHT_LENGTH * plane.weights.T
    colors = CLASS_COLORS[: len(plane.weights)]
    panel.scatter(x, y, s=22, marker="D", c=colors, edgecolors="black", linewidths=0.6, zorder=3)
    _name_classes(panel, plane, names)
    panel.set_title(plane.title, parse_math=False)
    panel.set_aspect("equal", adjustable="box" if plane.on_circle else "datalim")
    if plane.on_circle:
        panel.set(xlim=(-_LIMIT, _LIMIT), ylim=(-_LIMIT, _LIMIT))
        panel.set(xticks=(-1, 0, 1), yticks=(-1, 0, 1))


def _name_classes(panel: Axes, plane: Plane, names: Sequence[str]) -> None:
    """Write the names around the circle, or in the middle of a class's points."""
    from matplotlib.patheffects import withStroke

    middles = _middles(plane)
    if plane.on_circle:
        angles = spread_angles(np.arctan2(middles[:, 1], middles[:, 0]), _LABEL_GAP)
        middles = _LABEL_RADIUS * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    outline = [withStroke(linewidth=1.6, foreground="white")]
    for name, (x, y) in zip(names, middles, strict=True):
        text = panel.text(x, y, name, ha="center", va="center", parse_math=False, zorder=4)
        text.set(fontsize=8, fontweight="bold", path_effects=outline)


def _middles(plane: Plane) -> NDArray[np.floating]:
    """Return where classes lie, [M, 2]: on the circle the mean, else the median of points."""
    middle = np.mean if plane.on_circle else np.median
    return np.stack(
        [middle(plane.points[plane.labels == c], axis=0) for c in range(len(plane.weights))]
    )
