"""What a port's conventions do to a feature: recall and cosine, a line a convention."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from hsm.metrics import Interval
from hsm.visual.files import write_csv, write_figure
from hsm.visual.style import COLUMN_WIDTH, look

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_LINE_HEIGHT, _REST = 0.22, 0.95
_RECALL, _COSINE = "#0072B2", "#D55E00"  # Of Okabe and Ito's palette.


@dataclass(frozen=True)
class PortRow:
    """One line.

    Attributes:
        name: what is done otherwise than in Caffe.
        recall: K to Recall@K, fractions.
        gain: Recall@1 less that of the reference, with its interval over queries.
        cosine: mean cosine of a feature with the reference's of the same image; None where that
            means nothing.
    """

    name: str
    recall: Mapping[int, float]
    gain: Interval
    cosine: float | None


def write_port_figure(rows: Sequence[PortRow], stem: Path, *, title: str) -> tuple[Path, ...]:
    """Draw `<stem>.png` and `<stem>.pdf` and return their paths. Needs matplotlib."""
    with look():
        return tuple(write_figure(draw_port(rows, title=title), stem))


def draw_port(rows: Sequence[PortRow], *, title: str) -> Figure:
    """Draw Recall@1 on the left, the cosine with the reference on the right."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(COLUMN_WIDTH, _REST + _LINE_HEIGHT * len(rows)))
    left, right = figure.subplots(1, 2, sharey=True)
    places = range(len(rows))
    recalls = [100 * row.recall[1] for row in rows]
    left.barh(places, recalls, height=0.62, color=_RECALL)
    left.axvline(recalls[0], color="black", linewidth=0.8, linestyle=(0, (4, 2)))
    for place, recall in zip(places, recalls, strict=True):
        inside = recall > 0.5 * max(recalls)
        start, color = (0.0, "white") if inside else (recall, "black")
        left.text(start, place, f" {recall:.1f}", va="center", color=color, fontsize=7)
    for place, row in zip(places, rows, strict=True):
        if row.cosine is not None:
            right.plot([0, row.cosine], [place] * 2, color=_COSINE, linewidth=1)
            right.plot(row.cosine, place, "D", color=_COSINE)
    left.set_yticks(places, [row.name for row in rows])
    left.set_ylim(len(rows) - 0.5, -0.5)
    left.set_xlabel("Recall@1 (%)")
    right.set_xlabel("Cosine with\nthe first")
    right.set_xlim(min(0.0, *(row.cosine or 0.0 for row in rows)), 1.05)
    figure.suptitle(title, fontsize=8, parse_math=False)
    return figure


def write_port_numbers(rows: Sequence[PortRow], path: Path) -> Path:
    """Write a line a row: recalls, the gain with its interval, and the cosine; fractions."""
    ks = tuple(rows[0].recall)

    def lines() -> Iterator[Sequence[object]]:
        names = [f"recall@{k}" for k in ks]
        yield "row", *names, "gain@1", "gain@1_low", "gain@1_high", "cosine"
        for row in rows:
            gain = (row.gain.difference, row.gain.low, row.gain.high)
            cosine = "" if row.cosine is None else f"{row.cosine:.6g}"
            yield row.name, *(f"{v:.6g}" for v in (*row.recall.values(), *gain)), cosine

    return write_csv(path, lines())
