"""Figure 1: how long gradients of samples and of class weights are at every alpha."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from hsm.analysis import AlphaRange, GradientAssignment, SampleKind, WeightRole
from hsm.visual.kind_styles import KIND_STYLES, kind_name, mark_range
from hsm.visual.style import COLUMN_WIDTH, LineStyle

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_HEIGHT = 6.0
_LOWEST = 1e-2  # Shorter gradients are below the axis.
_MARKERS = 8  # On a line.

_ROLE_STYLES = {
    WeightRole.OWN: ("own class", LineStyle("#000000", "o", "-")),
    WeightRole.HARDEST: ("largest other logit", LineStyle("#CC79A7", "D", "--")),
    WeightRole.OTHER: ("other classes", LineStyle("#56B4E9", "^", ":")),
}


def draw_gradient_figure(
    curves: GradientAssignment, range_: AlphaRange | None, *, title: str
) -> Figure:
    """Draw three panels over alpha, axes logarithmic; the intermediate range is shaded in each.

    Above: ||dl/df_hat|| of incorrect, boundary and centroid samples, the median and the middle half
    of each kind (eq. 3). Below: ||dl/dw_m|| by the weight's role, for the correct and for the
    incorrect samples (eq. 4, Property 3); the correct ones are the boundary samples, where there
    are some.

    Args:
        curves: what is drawn.
        range_: the intermediate range; None marks nothing.
        title: stands above.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(COLUMN_WIDTH, _HEIGHT))
    panels = figure.subplots(3, 1, sharex=True)
    _draw_features(panels[0], curves)
    has_boundary = curves.counts[SampleKind.BOUNDARY] > 0
    correct = SampleKind.BOUNDARY if has_boundary else SampleKind.CENTROID
    for panel, kind in zip(panels[1:], (correct, SampleKind.INCORRECT), strict=True):
        _draw_weights(panel, curves, kind)
    _explain(panels)
    for panel in panels:
        panel.set_xscale("log")
        panel.set_yscale("log")
        panel.set_xlim(curves.alphas[0], curves.alphas[-1])
        mark_range(panel, range_, named=panel is panels[0])
    panels[-1].set_xlabel("α (reciprocal of the temperature)")
    _number_ticks(panels[-1])
    # A folder's name may hold the signs of a formula.
    figure.suptitle(textwrap.fill(title, 52), fontsize=8, parse_math=False)
    return figure


def _number_ticks(panel: Axes) -> None:
    panel.set_xticks([0.1, 1, 4, 16, 64], ["0.1", "1", "4", "16", "64"])
    panel.xaxis.minorticks_off()


def _draw_features(panel: Axes, curves: GradientAssignment) -> None:
    for kind, style in KIND_STYLES.items():
        count = curves.counts[kind]
        label = f"{kind_name(kind)} ({count})"
        if count:
            low, median, high = np.clip(curves.features[:, kind].T, _LOWEST / 10, None)
            panel.fill_between(curves.alphas, low, high, color=style.color, alpha=0.18, linewidth=0)
            _draw_line(panel, curves.alphas, median, label=label, style=style)
        else:
            panel.plot([], [], label=label, color=style.color, linestyle=style.dashes)
    panel.set_ylabel(r"$\|\partial\ell/\partial\hat{f}\,\|$")
    _name(panel, "gradients of features, by kind of sample")
    _limit(panel, curves.features[:, :, -1])


def _draw_weights(panel: Axes, curves: GradientAssignment, kind: SampleKind) -> None:
    norms = curves.weights[:, kind]
    for role, (label, style) in _ROLE_STYLES.items():
        if not np.isnan(norms[:, role]).any():
            _draw_line(panel, curves.alphas, norms[:, role], label=label, style=style)
    panel.set_ylabel(r"$\|\partial\ell/\partial\hat{w}_m\|$")
    if not curves.counts[kind]:
        panel.text(
            0.5, 0.5, f"no {kind_name(kind)} samples", transform=panel.transAxes, ha="center"
        )
    _name(panel, f"gradients of weights, from {kind_name(kind)} samples")
    _limit(panel, norms)


def _name(panel: Axes, text: str) -> None:
    panel.text(0.02, 0.98, text, transform=panel.transAxes, va="top")


def _draw_line(
    panel: Axes,
    alphas: NDArray[np.float64],
    norms: NDArray[np.float64],
    *,
    label: str,
    style: LineStyle,
) -> None:
    panel.plot(
        alphas,
        np.clip(norms, _LOWEST / 10, None),
        color=style.color,
        linestyle=style.dashes,
        marker=style.marker,
        markevery=max(1, len(alphas) // _MARKERS),
        label=label,
    )


def _limit(panel: Axes, norms: NDArray[np.float64]) -> None:
    """Leave room above the curves for what explains them."""
    highest = float(np.nanmax(norms)) if not np.isnan(norms).all() else 1.0
    panel.set_ylim(_LOWEST, 20 * max(1.0, highest))


def _explain(panels: Sequence[Axes]) -> None:
    """Put a legend into each panel that does not repeat the one above it."""
    known: list[str] = []
    for panel in panels:
        handles, labels = panel.get_legend_handles_labels()
        if handles and labels != known:
            panel.legend(loc="upper left", frameon=False, bbox_to_anchor=(0.0, 0.93))
            known = labels
