"""Figure 3: how long gradients are against the length of the feature, nothing normalised."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from hsm.analysis import AlphaRange, NormCurves, SampleKind, intermediate_alpha
from hsm.visual.kind_styles import KIND_STYLES, kind_name, mark_range
from hsm.visual.style import COLUMN_WIDTH

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_HEIGHT = 4.4
_LOWEST = 1e-6  # Shorter gradients lie on the lower edge.


def draw_norm_figure(
    curves: NormCurves,
    kinds: NDArray[np.int64],
    *,
    norms: NDArray[np.float64],
    measured: NDArray[np.float64],
    title: str,
) -> Figure:
    """Draw two panels over ||f||, both logarithmic in x.

    Above: ||dl/df|| if each feature had another length (eq. 16), median and middle half of each
    kind. Below: each sample's own length and the gradient measured there; shorter ones than the
    axis shows lie on its lower edge.

    Shaded above are intermediate lengths, by the criterion of intermediate alphas, and below the
    middle 80 % of the lengths that there are.

    Args:
        curves: of n samples.
        kinds: their `SampleKind`s, [n].
        norms: their own ||f||, [n].
        measured: ||dl/df|| there, [n].
        title: stands above.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(COLUMN_WIDTH, _HEIGHT))
    upper, lower = figure.subplots(2, 1, sharex=True)
    for kind in SampleKind:
        chosen = kinds == kind
        if chosen.any():
            _draw_curves(upper, curves, kind, chosen)
            _draw_points(lower, kind, norms[chosen], measured[chosen])
        else:
            style = KIND_STYLES[kind]
            look = {"color": style.color, "linestyle": style.dashes}
            upper.plot([], [], label=f"{kind_name(kind)} (0)", **look)
    upper.set_xscale("log")
    upper.set_xlim(curves.norms[0], curves.norms[-1])
    mark_range(upper, _range(curves, kinds), named=True)
    low, high = np.quantile(norms, [0.1, 0.9])
    lower.axvspan(low, high, color="#000000", alpha=0.08, linewidth=0, zorder=0)
    upper.set_ylabel(r"$\|\partial\ell/\partial f\,\|$, by eq. 16")
    upper.set_ylim(bottom=0)
    upper.legend(frameon=False)
    lower.set_yscale("log")
    lower.set_ylim(max(_LOWEST, float(measured.min())) / 2, 3 * max(1.0, float(measured.max())))
    lower.set_ylabel(r"$\|\partial\ell/\partial f\,\|$, measured")
    lower.set_xlabel(r"$\|f\,\|$")
    figure.suptitle(textwrap.fill(title, 52), fontsize=8, parse_math=False)
    return figure


def _range(curves: NormCurves, kinds: NDArray[np.int64]) -> AlphaRange | None:
    """Return where boundary samples gain over centroid ones: SM's length acts as LN's alpha."""
    medians = [
        np.median(curves.features[:, kinds == kind], axis=1)
        if (kinds == kind).any()
        else np.full(len(curves.norms), np.nan)
        for kind in (SampleKind.BOUNDARY, SampleKind.CENTROID)
    ]
    return intermediate_alpha(curves.norms, *medians)


def _draw_curves(
    panel: Axes, curves: NormCurves, kind: SampleKind, chosen: NDArray[np.bool_]
) -> None:
    style = KIND_STYLES[kind]
    low, median, high = np.quantile(curves.features[:, chosen], [0.25, 0.5, 0.75], axis=1)
    panel.fill_between(curves.norms, low, high, color=style.color, alpha=0.18, linewidth=0)
    panel.plot(
        curves.norms,
        median,
        color=style.color,
        linestyle=style.dashes,
        marker=style.marker,
        markevery=max(1, len(curves.norms) // 8),
        label=f"{kind_name(kind)} ({int(chosen.sum())})",
    )


def _draw_points(
    panel: Axes, kind: SampleKind, norms: NDArray[np.float64], measured: NDArray[np.float64]
) -> None:
    style = KIND_STYLES[kind]
    panel.plot(
        norms,
        np.clip(measured, _LOWEST, None),
        linestyle="none",
        marker=style.marker,
        markersize=2.5,
        alpha=0.6,
        markeredgewidth=0,
        color=style.color,
    )
