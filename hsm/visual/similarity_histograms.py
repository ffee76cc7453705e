"""How similar are pairs of one class, and pairs of two: the histograms of Figure 4."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from hsm.analysis import density_overlap
from hsm.visual.files import write_csv, write_figure
from hsm.visual.style import COLUMN_WIDTH, look

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Okabe and Ito's vermilion and blue, and dashes besides. The paper has red and blue.
_SAME, _DIFFERENT = ("#D55E00", "-"), ("#0072B2", (0, (3, 1)))
_ROW_HEIGHT, _REST = 0.78, 0.75


@dataclass(frozen=True, eq=False)
class Similarities:
    """Densities of the cosine similarity in one part of the data.

    Attributes:
        edges: the bins' edges, [bins + 1].
        same: density of the pairs of one class, [bins].
        different: density of the pairs of two classes, [bins].
    """

    edges: NDArray[np.float64]
    same: NDArray[np.float64]
    different: NDArray[np.float64]

    @property
    def overlap(self) -> float:
        """What the two densities share, 0..1."""
        return density_overlap(self.same, self.different, self.edges)

    def means(self) -> tuple[float, float]:
        """Return the mean cosine of the pairs of one class and of two, up to the bins' width."""
        middles, widths = (self.edges[1:] + self.edges[:-1]) / 2, np.diff(self.edges)
        return float(self.same * widths @ middles), float(self.different * widths @ middles)


@dataclass(frozen=True, eq=False)
class SimilarityRow:
    """One row of the figure.

    Attributes:
        title: what was trained, such as "BN, α = 8".
        train: of training images.
        test: of test images.
    """

    title: str
    train: Similarities
    test: Similarities


def write_similarities(rows: Sequence[SimilarityRow], stem: Path) -> tuple[Path, ...]:
    """Draw `<stem>.png` and `<stem>.pdf` and return their paths. Needs matplotlib."""
    with look():
        return tuple(write_figure(draw_similarities(rows), stem))


def draw_similarities(rows: Sequence[SimilarityRow]) -> Figure:
    """Draw a line of two aligned panels for every row: training and test images."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(COLUMN_WIDTH, _REST + _ROW_HEIGHT * len(rows)))
    panels = figure.subplots(len(rows), 2, sharex=True, sharey="col", squeeze=False)
    for (left, right), row in zip(panels, rows, strict=True):
        _draw(left, row.train)
        _draw(right, row.test)
        left.set_title(row.title, loc="left", fontweight="bold", parse_math=False, pad=2)
    for panel, name in zip(panels[-1], ("training images", "test images"), strict=True):
        panel.set(xlim=(-1, 1), xticks=(-1, -0.5, 0, 0.5, 1), xticklabels=("−1", "", "0", "", "1"))
        panel.set_xlabel(f"Cosine, {name}")
    for panel in panels.flat:
        panel.set_ylim(bottom=0)
        panel.yaxis.get_major_locator().set_params(integer=True, nbins=3)
    figure.supylabel("Density", fontsize=8)
    handles, labels = panels[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=2, frameon=False)
    return figure


def write_densities(rows: Sequence[SimilarityRow], path: Path) -> Path:
    """Write a line a row, part and bin: the densities, and the part's overlap."""

    def lines() -> Iterator[Sequence[object]]:
        yield "row", "images", "low", "high", "same", "different", "overlap"
        for row in rows:
            for part, similarities in (("training", row.train), ("test", row.test)):
                overlap = f"{similarities.overlap:.4f}"
                columns = (
                    similarities.edges,
                    similarities.edges[1:],
                    similarities.same,
                    similarities.different,
                )
                for numbers in zip(*columns, strict=False):
                    yield row.title, part, *(f"{value:.5g}" for value in numbers), overlap

    return write_csv(path, lines())


def _draw(panel: Axes, similarities: Similarities) -> None:
    pairs = (
        ("same class", similarities.same, _SAME),
        ("different classes", similarities.different, _DIFFERENT),
    )
    for name, density, (color, dashes) in pairs:
        panel.stairs(density, similarities.edges, fill=True, color=color, alpha=0.25, linewidth=0)
        panel.stairs(density, similarities.edges, color=color, linestyle=dashes, label=name)
    text = f"overlap\n{similarities.overlap:.2f}"
    panel.text(0.02, 0.95, text, transform=panel.transAxes, va="top", linespacing=1.1)
