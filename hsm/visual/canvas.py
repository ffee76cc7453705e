"""A figure to lay pictures and words on, measured in inches from its upper left corner."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from hsm.visual.hit_marks import Mark

if TYPE_CHECKING:
    from matplotlib.figure import Figure


class Canvas:
    """One axes that covers the figure: a hundred pictures would be slow with an axes each.

    Args:
        width: of the figure in inches.
        height: of the figure in inches.
    """

    def __init__(self, width: float, height: float) -> None:
        from matplotlib.figure import Figure

        self.figure: Figure = Figure(figsize=(width, height))
        self.figure.set_layout_engine("none")
        self.size = (width, height)
        self._axes = self.figure.add_axes((0.0, 0.0, 1.0, 1.0))
        self._axes.axis("off")
        self._axes.set_xlim(0, width)
        self._axes.set_ylim(height, 0)
        self._axes.set_autoscale_on(False)

    def picture(
        self, pixels: np.ndarray, left: float, top: float, side: float, mark: Mark | None = None
    ) -> None:
        """Lay uint8 [s, s, 3] at a place, framed; a mark gives the colour and a corner its sign."""
        from matplotlib.patches import Rectangle

        corners = (left, left + side, top + side, top)
        self._axes.imshow(pixels, extent=corners, aspect="auto", interpolation="antialiased")
        frame: dict[str, Any] = {"edgecolor": "#777777", "linewidth": 0.6}
        if mark is not None:
            frame = {"edgecolor": mark.color, "linewidth": 1.8}
            self._badge(mark, left, top)
        self._axes.add_patch(Rectangle((left, top), side, side, fill=False, **frame))

    def _badge(self, mark: Mark, left: float, top: float) -> None:
        from matplotlib.patches import Rectangle

        side = 0.15
        self._axes.add_patch(Rectangle((left, top), side, side, color=mark.color, linewidth=0))
        self.text(
            mark.sign, left + side / 2, top + side / 2, size=7, color="white", ha="center",
            va="center_baseline",
        )  # fmt: skip

    def text(self, words: str, left: float, top: float, *, size: float, **look: Any) -> None:
        """Write `words`, their upper left corner at a place unless `look` says otherwise."""
        look = {"ha": "left", "va": "top", "linespacing": 1.05, **look}
        # A class's name may hold the signs of a formula.
        self._axes.text(left, top, words, fontsize=size, parse_math=False, **look)
