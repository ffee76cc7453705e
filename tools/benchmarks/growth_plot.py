"""Time and memory against size, of Recall@K and of training: two panels for each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator

from hsm.output_folder import make_output_folder
from hsm.visual.files import write_figure
from hsm.visual.style import COLUMN_WIDTH, LineStyle, look

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Rows = Sequence[Mapping[str, Any]]

# Two of the palette's colours and markers; no methods here.
_STYLES = {
    "float32": LineStyle("#56B4E9", "s", "-"),
    "mixed_bfloat16": LineStyle("#D55E00", "v", "--"),
}

# What else grows → title, and the base of its axis.
_HEADS = {"classes": ("A step against classes", 10), "devices": ("A step on logical devices", 2)}


def draw(results: Mapping[str, Any], stem: Path) -> list[Path]:
    """Write the plot as PNG and PDF; return the paths."""
    with look():
        heads = [key for key in _HEADS if results.get(key)]  # Older records have none.
        columns = 2 + len(heads)
        figure = Figure(figsize=(columns * COLUMN_WIDTH, 3.8))
        upper, lower = figure.subplots(2, columns, sharex="col")
        _draw_recall(upper[0], lower[0], results["recall"])
        _draw_training(upper[1], lower[1], results["train"])
        for time, memory, key in zip(upper[2:], lower[2:], heads, strict=True):
            _draw_head(time, memory, results[key], key)
        make_output_folder(stem.parent)
        return write_figure(figure, stem)


def _draw_recall(time: Axes, memory: Axes, rows: Rows) -> None:
    rows = sorted(rows, key=lambda row: int(row["queries"]))
    counts = [row["queries"] for row in rows]
    look = {"color": _STYLES["float32"].color, "marker": _STYLES["float32"].marker}
    time.loglog(counts, [row["seconds"] for row in rows], **look)
    time.set(title="Recall@1, 10, 100 of n vectors", ylabel="seconds")
    memory.loglog(counts, [row["bytes"] / 2**30 for row in rows], **look)
    memory.set(xlabel="n", ylabel="peak memory (GiB)")
    memory.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    memory.yaxis.set_major_formatter("{x:g}")
    memory.yaxis.set_minor_formatter("")


def _draw_training(rate: Axes, memory: Axes, rows: Rows) -> None:
    for precision, style in _STYLES.items():
        chosen = [row for row in rows if row["precision"] == precision]
        sizes = [row["batch_size"] for row in chosen]
        look = {"color": style.color, "marker": style.marker, "linestyle": style.dashes}
        rates = [row["images_per_second"] for row in chosen]
        rate.semilogx(sizes, rates, base=2, label=precision, **look)
        memory.semilogx(sizes, [row["bytes"] / 2**30 for row in chosen], base=2, **look)
    rate.set(title="Training GoogLeNet at 224 × 224", ylabel="images a second")
    rate.set_ylim(bottom=0)
    rate.legend()
    memory.set_ylim(bottom=0)
    memory.set(xlabel="batch size", ylabel="peak memory (GiB)")
    for panel in (rate, memory):
        panel.xaxis.set_major_formatter("{x:.0f}")


def _draw_head(time: Axes, memory: Axes, rows: Rows, key: str) -> None:
    title, base = _HEADS[key]
    rows = sorted(rows, key=lambda row: int(row[key]))
    counts = [row[key] for row in rows]
    look: dict[str, Any] = {"color": _STYLES["float32"].color, "marker": _STYLES["float32"].marker}
    time.loglog(counts, [1000 * row["seconds_a_step"] for row in rows], **look)
    memory.plot(counts, [row["bytes"] / 2**30 for row in rows], **look)
    time.set(title=title, ylabel="milliseconds")
    memory.set(xlabel=key, ylabel="peak memory (GiB)")
    memory.set_ylim(bottom=0)
    memory.set_xscale("log", base=base)
    if base == 2:
        memory.xaxis.set_major_formatter("{x:.0f}")
