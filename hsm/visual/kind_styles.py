"""What the three kinds of samples, and the range of intermediate alpha, are drawn with."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

from hsm.analysis import AlphaRange, SampleKind
from hsm.visual.style import LineStyle

if TYPE_CHECKING:
    from matplotlib.axes import Axes

KIND_STYLES: Mapping[SampleKind, LineStyle] = MappingProxyType(
    {
        SampleKind.INCORRECT: LineStyle("#D55E00", "v", "--"),
        SampleKind.BOUNDARY: LineStyle("#0072B2", "s", "-"),
        SampleKind.CENTROID: LineStyle("#009E73", "o", (0, (6, 1.5, 1, 1.5))),
    }
)

# Where bars of the kinds meet, black and white prints tell them apart by these.
KIND_HATCHES: Mapping[SampleKind, str] = MappingProxyType(
    {SampleKind.INCORRECT: "xxxx", SampleKind.BOUNDARY: "", SampleKind.CENTROID: "...."}
)


def kind_name(kind: SampleKind) -> str:
    """Return what a kind is called: "incorrect", "boundary" or "centroid"."""
    return kind.name.lower()


def mark_range(panel: Axes, range_: AlphaRange | None, *, named: bool = False) -> None:
    """Mark the intermediate range of a panel's logarithmic axis and draw the best as a line.

    Args:
        panel: with its final limits of x.
        range_: the range; None marks nothing.
        named: whether small, intermediate and large are written above the panel.
    """
    if range_ is None:
        return
    panel.axvspan(range_.low, range_.high, color="#000000", alpha=0.08, linewidth=0, zorder=0)
    panel.axvline(range_.best, color="#777777", linewidth=0.8, linestyle=(0, (4, 2)), zorder=1)
    if not named:
        return
    left, right = panel.get_xlim()
    names = {
        "small": (left, range_.low),
        "intermediate": (range_.low, range_.high),
        "large": (range_.high, right),
    }
    for name, (start, stop) in names.items():
        # A part that ends at the axis is not there, or too narrow for its name.
        if stop > 1.6 * start:
            middle = (start * stop) ** 0.5
            panel.text(
                middle, 1.02, name, transform=panel.get_xaxis_transform(), ha="center", fontsize=7
            )
