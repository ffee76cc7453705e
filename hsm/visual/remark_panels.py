"""Two remarks of the text as panels: feature norms (section 3.3), normalised features (5.2)."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping, Sequence
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

# What of the norms' distribution is drawn.
QUANTILES = (0.01, 0.1, 0.5, 0.9, 0.99)
_NORM_COLUMNS = tuple(f"norm_{100 * quantile:g}%" for quantile in QUANTILES)
_LINE_HEIGHT, _REST = 0.24, 0.85
_OTHER = "#555555"


@dataclass(frozen=True, eq=False)
class RemarkRow:
    """What a run, or those of several seeds, says on both remarks.

    Attributes:
        title: what was trained, such as "LN, α = 16".
        method: by which.
        norms: by part, "training" and "test": the `QUANTILES` of the features' length before it is
            normalised, [5].
        scores: by measure, such as "R@1": percent of test features at unit length, and as they are.
            Empty where retrieval was not scored.
        color: "#rrggbb"; None for one that no method has.
    """

    title: str
    method: str
    norms: Mapping[str, NDArray[np.float64]]
    scores: Mapping[str, tuple[float, float]]
    color: str | None = None

    def spread(self, part: str) -> float:
        """Return the norms' 90th less their 10th percentile, over their median."""
        _, low, middle, high, _ = self.norms[part]
        return float((high - low) / middle)


def write_remarks(rows: Sequence[RemarkRow], stem: Path, *, title: str) -> tuple[Path, ...]:
    """Draw `<stem>.png` and `<stem>.pdf` and return their paths. Needs matplotlib."""
    with look():
        return tuple(write_figure(draw_remarks(rows, title=title), stem))


def draw_remarks(rows: Sequence[RemarkRow], *, title: str) -> Figure:
    """Draw norms above; below a panel a measure, of the rows that have it."""
    from matplotlib.figure import Figure

    scored = [row for row in rows if row.scores]
    heights = [len(rows), len(scored)] if scored else [len(rows)]
    height = _LINE_HEIGHT * sum(heights) + _REST * len(heights)
    figure = Figure(figsize=(COLUMN_WIDTH, height))
    ratios = [lines + _REST / _LINE_HEIGHT for lines in heights]
    parts = figure.subfigures(len(heights), 1, height_ratios=ratios, squeeze=False)[:, 0]
    _draw_norms(parts[0], rows, title)
    if scored:
        _draw_scores(parts[1], scored)
    return figure


def write_numbers(rows: Sequence[RemarkRow], path: Path) -> Path:
    """Write a line a row and part: quantiles of the norms, spread, and the test scores."""
    names = list(dict.fromkeys(name for row in rows for name in row.scores))
    columns = [f"{name}_{how}" for name in names for how in ("normalised", "as_they_are")]

    def lines() -> Iterator[Sequence[object]]:
        yield "row", "images", *_NORM_COLUMNS, "spread", *columns
        for row in rows:
            for part, norms in row.norms.items():
                scores = [row.scores.get(name, ("", "")) for name in names if part == "test"]
                flat = [score for pair in scores for score in pair] or [""] * len(columns)
                values = [*norms, row.spread(part), *flat]
                yield row.title, part, *(c if c == "" else f"{c:.5g}" for c in values)

    return write_csv(path, lines())


def _draw_norms(part: Figure, rows: Sequence[RemarkRow], title: str) -> None:
    """Draw a line a part: 1st to 99th percentile thin, 10th to 90th thick, over the median."""
    panel = part.subplots()
    for place, row in enumerate(rows):
        for images, shift, marker in (("training", -0.17, "o"), ("test", 0.17, "s")):
            low, lower, middle, upper, high = row.norms[images] / row.norms[images][2]
            look: dict[str, Any] = {"color": _color(row), "zorder": 2}
            panel.plot([low, high], [place + shift] * 2, linewidth=0.8, **look)
            panel.plot([lower, upper], [place + shift] * 2, linewidth=3.2, **look)
            face = "white" if images == "test" else "black"
            panel.plot(
                middle, place + shift, marker, color="black", mfc=face, mew=0.6, ms=3.5, zorder=3
            )
            text = f"{row.spread(images):.2f}"
            panel.annotate(text, (high, place + shift), (3, 0), va="center", fontsize=6.5,
                           textcoords="offset points")  # fmt: skip
    _name_rows(panel, rows)
    panel.margins(x=0.12)
    panel.set_xlabel("Feature norm over its median")
    part.suptitle(
        f"{textwrap.shorten(title, 24, placeholder='…')}: feature norms, ● training, □ test\n"
        "thick: middle 80 %, its width is written",
        fontsize=8,
        parse_math=False,
    )


def _draw_scores(part: Figure, rows: Sequence[RemarkRow]) -> None:
    """Draw a line a row from the score of raw features to that at unit length."""
    names = list(rows[0].scores)
    panels = part.subplots(1, len(names), sharey=True, squeeze=False)[0]
    for panel, name in zip(panels, names, strict=True):
        for place, row in enumerate(rows):
            if name not in row.scores:
                continue
            unit, plain = row.scores[name]
            panel.plot([plain, unit], [place] * 2, color=_color(row), linewidth=1.6, zorder=2)
            panel.plot(plain, place, "s", color="black", mfc="white", mew=0.8, zorder=3)
            panel.plot(unit, place, "o", color=_color(row), zorder=3)
        panel.margins(x=0.1)
        panel.set_xlabel(f"{name} (%)")
    _name_rows(panels[0], rows)
    part.suptitle("Test scores of features: ● normalised, □ as they are", fontsize=8)


def _name_rows(panel: Axes, rows: Sequence[RemarkRow]) -> None:
    panel.set_yticks(range(len(rows)), [row.title for row in rows], parse_math=False)
    panel.set_ylim(len(rows) - 0.4, -0.6)


def _color(row: RemarkRow) -> str:
    return row.color or _OTHER
