"""Figure 1(d) as a measurement: shares of incorrect, boundary and centroid samples by epoch."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from hsm.analysis import AlphaRange, SampleKind
from hsm.visual.kind_styles import KIND_HATCHES, KIND_STYLES, kind_name
from hsm.visual.style import COLUMN_WIDTH

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_HEIGHT = 3.6
_TICKS = 8
_STEPS = (1, 2, 5, 10, 20, 50, 100)  # Epochs between two ticks.
_ALPHA_TICKS = (0.1, 1.0, 4.0, 16.0, 64.0)


def draw_kind_shares(
    epochs: Sequence[int],
    alphas: Sequence[float],
    *,
    shares: ArrayLike,
    ranges: Sequence[AlphaRange | None],
    title: str,
) -> Figure:
    """Draw two panels over the measured epochs: shares of the kinds, and alpha beside its range.

    Args:
        epochs: ascending; a bar each, side by side, also where epochs between them are missing.
        alphas: the model's alpha in each.
        shares: of the kinds, ordered as `SampleKind`, [epochs, 3], 0..1.
        ranges: the intermediate alphas at each, None where there were none to be found.
        title: stands above.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(COLUMN_WIDTH, _HEIGHT))
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(3, 2))
    places = np.arange(len(epochs))
    _draw_bars(upper, places, np.asarray(shares, np.float64))
    _draw_alphas(lower, places, alphas, ranges=ranges)
    step = next((n for n in _STEPS if len(epochs) <= _TICKS * n), _STEPS[-1])
    lower.set_xticks(places[::step], [str(epoch) for epoch in epochs[::step]])
    lower.set_xlim(-0.6, len(epochs) - 0.4)
    lower.set_xlabel("Epoch")
    # A folder's name may hold the signs of a formula.
    figure.suptitle(textwrap.fill(title, 52), fontsize=8, parse_math=False)
    return figure


def _draw_bars(panel: Axes, places: np.ndarray, shares: np.ndarray) -> None:
    base = np.zeros(len(places))
    for kind in reversed(SampleKind):
        panel.bar(
            places,
            100 * shares[:, kind],
            bottom=100 * base,
            width=1.0 if len(places) > _TICKS else 0.7,
            color=KIND_STYLES[kind].color,
            edgecolor="white",
            linewidth=0.3,
            hatch=KIND_HATCHES[kind],
            label=kind_name(kind),
        )
        base += shares[:, kind]
    panel.set_ylim(0, 100)
    panel.set_ylabel("Training images (%)")
    handles, labels = panel.get_legend_handles_labels()
    panel.legend(
        handles[::-1],
        labels[::-1],
        loc="lower center",
        bbox_to_anchor=(0.5, 1.0),
        ncols=3,
        frameon=False,
    )


def _draw_alphas(
    panel: Axes,
    places: np.ndarray,
    alphas: Sequence[float],
    *,
    ranges: Sequence[AlphaRange | None],
) -> None:
    numbers = [(r.low, r.best, r.high) if r else (np.nan,) * 3 for r in ranges]
    lows, bests, highs = np.array(numbers, np.float64).T
    panel.vlines(places, lows, highs, color="#bbbbbb", linewidth=2.5, label="intermediate")
    panel.plot(places, bests, ".", color="#555555", markersize=4, label="best")
    panel.plot(places, alphas, "-", color="#D55E00", drawstyle="steps-mid", label="in use")
    panel.set_yscale("log")
    bottom, top = panel.get_ylim()
    panel.set_ylim(bottom / 1.3, 4 * top)
    ticks = [tick for tick in _ALPHA_TICKS if bottom / 1.3 <= tick <= 4 * top]
    panel.set_yticks(ticks, [f"{tick:g}" for tick in ticks])
    panel.yaxis.minorticks_off()
    panel.set_ylabel("α")
    panel.legend(loc="upper right", ncols=3, frameon=False, columnspacing=1.0)
