"""Figures and the numbers behind them as files: PNG and PDF, CSV."""

from __future__ import annotations

import csv
import io
import warnings
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hsm.atomic import replacing
from hsm.visual.fonts import choose_fonts

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# What would change from day to day: without it, the same numbers give the same bytes.
_STAMPS = {".png": "Software", ".pdf": "CreationDate"}


def write_figure(figure: Figure, stem: Path) -> list[Path]:
    """Write `<stem>.png` and `<stem>.pdf` and return their paths."""
    paths = [stem.with_name(stem.name + suffix) for suffix in _STAMPS]
    for path in paths:
        write_picture(figure, path)
    return paths


def write_picture(figure: Figure, path: Path) -> None:
    """Write the .png or .pdf file `path`, all at once or not at all."""
    import matplotlib

    # Into memory first: of a disk that is full, Matplotlib's writers say other things.
    picture = io.BytesIO()
    # Fonts of other scripts are often of the kind that Type 42 embeds as what it is not.
    look: dict[Any, Any] = {"pdf.fonttype": 3} if choose_fonts(figure) else {}
    with matplotlib.rc_context(look), warnings.catch_warnings():
        # Said already, in one sentence in place of one a character.
        warnings.filterwarnings("ignore", "Glyph .* missing from font")
        figure.savefig(picture, format=path.suffix[1:], metadata={_STAMPS[path.suffix]: None})
    with replacing(path) as partial:
        partial.write_bytes(picture.getbuffer())


def write_csv(path: Path, rows: Iterable[Sequence[object]]) -> Path:
    """Write rows, the first of them the columns' names, all at once or not at all."""
    with (
        replacing(path) as partial,
        # A class is a folder, whose name may be no UTF-8: its bytes are kept.
        partial.open("w", newline="", encoding="utf-8", errors="surrogateescape") as file,
    ):
        csv.writer(file, lineterminator="\n").writerows(rows)
    return path
