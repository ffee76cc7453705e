"""The one look of every plot: sizes, fonts, and what each method is drawn with."""

from __future__ import annotations

import importlib.util
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

# Width in inches of one column of a two-column page.
COLUMN_WIDTH = 3.5
# Width in inches of the whole page: of sheets of pictures, which a column is too narrow for.
PAGE_WIDTH = 7.16

RC: Mapping[Any, Any] = MappingProxyType(
    {
        "font.size": 8,
        "axes.titlesize": 8,
        "axes.labelsize": 8,
        "legend.fontsize": 7.5,
        "xtick.labelsize": 7.5,
        "ytick.labelsize": 7.5,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.grid": True,
        "axes.axisbelow": True,
        "grid.color": "#e4e4e4",
        "grid.linewidth": 0.5,
        "lines.linewidth": 1.2,
        "lines.markersize": 4,
        "figure.constrained_layout.use": True,
        "savefig.dpi": 200,
        # Editable text in the PDF, as journals ask for, in place of Type 3 outlines.
        "pdf.fonttype": 42,
    }
)

# Which of matplotlib's settings say where figures are shown, not how they look.
_NOT_LOOK = ("backend", "interactive", "toolbar", "webagg.")


@contextmanager
def look() -> Iterator[None]:
    """Draw as `RC` says, and where it says nothing as matplotlib does by itself.

    A user's matplotlibrc, or a style in force, counts again afterwards. Needs matplotlib.
    """
    import matplotlib

    defaults = {
        key: value
        for key, value in matplotlib.rcParamsDefault.items()
        if not key.startswith(_NOT_LOOK)
    }
    with matplotlib.rc_context():
        with warnings.catch_warnings():
            # Of settings that are to go; they are at their defaults.
            warnings.simplefilter("ignore", matplotlib.MatplotlibDeprecationWarning)
            matplotlib.rcParams.update({**defaults, **RC})
        yield


@dataclass(frozen=True)
class LineStyle:
    """How one method is drawn: told apart by colour, and without colour by marker and dashes."""

    color: str
    marker: str
    dashes: str | tuple[float, tuple[float, ...]]


def missing_matplotlib(plot: str) -> str | None:
    """Return a sentence on a plot that is left out and how to get it; None with matplotlib.

    Args:
        plot: what the plot is called, for example "learning_curves.png".
    """
    if importlib.util.find_spec("matplotlib") is not None:
        return None
    return (
        f"{plot} is left out, because matplotlib is not installed. "
        'To draw it: pip install "hsm-embedding[plots]" and start the same command again.'
    )
