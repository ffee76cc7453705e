"""Fonts for names in any script: what matplotlib's own font lacks, an installed one may have."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from matplotlib.text import Text

_T = TypeVar("_T")

# Its glyphs are boxes that name a script, for every character that there is.
_LAST_RESORT = "Last Resort"


def choose_fonts(figure: Figure) -> bool:
    """Give every text of `figure` families that have its characters, as far as there are any.

    Says once, on standard error, which characters have no font.

    Returns:
        Whether a text has got another family.
    """
    from matplotlib.text import Text

    missing = {text: _lacking(text) for text in figure.findobj(Text) if isinstance(text, Text)}
    texts = {text: lacking for text, lacking in missing.items() if lacking}
    families, absent = fallbacks(frozenset().union(*texts.values()))
    for text in texts:
        text.set_fontfamily([*dict.fromkeys([*text.get_fontfamily(), *families])])
    if absent:
        _report(absent)
    return bool(families and texts)


@functools.cache
def fallbacks(characters: frozenset[str]) -> tuple[tuple[str, ...], str]:
    """Return families of installed fonts that have `characters`, and which have no font.

    The fewest families that do, upright and of regular weight; of several equal ones a sans serif.
    """
    families: list[str] = []
    left = set(characters)
    faces = _faces() if left else {}
    while left:
        best = max(faces, key=lambda name: (len(left & faces[name]), "Sans" in name), default=None)
        if best is None or not left & faces[best]:
            break
        families.append(best)
        left -= faces[best]
    return tuple(families), "".join(sorted(left))


def _lacking(text: Text) -> frozenset[str]:
    """Return characters that the first font of `text` lacks."""
    from matplotlib.font_manager import findfont, get_font

    if text.get_text().isascii():
        return frozenset()
    has = get_font(findfont(text.get_fontproperties())).get_charmap()
    return frozenset(c for c in text.get_text() if not c.isspace() and ord(c) not in has)


@functools.cache
def _faces() -> dict[str, frozenset[str]]:
    """Return characters beyond Latin by the name of every family that is installed."""
    from matplotlib import font_manager

    manager = font_manager.fontManager
    # Matplotlib's list may be older than a font.
    for path in {*font_manager.findSystemFonts()} - {entry.fname for entry in manager.ttflist}:
        _quietly(manager.addfont, path)
    faces = {}
    for entry in sorted(manager.ttflist, key=lambda entry: entry.name):
        if entry.style == "normal" and entry.weight == 400 and _LAST_RESORT not in entry.name:
            charmap = _quietly(lambda path: font_manager.get_font(path).get_charmap(), entry.fname)
            faces[entry.name] = frozenset(chr(code) for code in charmap or () if code > 0xFF)
    return faces


def _quietly(function: Callable[[str], _T], path: str) -> _T | None:
    """Return what `function` makes of a font; None of one that is damaged or in another format."""
    try:
        return function(path)
    except (OSError, RuntimeError, ValueError, KeyError):
        return None


@functools.cache
def _report(characters: str) -> None:
    shown = characters[:40] + ("…" if len(characters) > 40 else "")
    print(
        f"No installed font has {shown}: pictures show boxes "
        "in their place. To see them, install a font of that script, such as fonts-noto-core or "
        "fonts-noto-cjk, and draw the pictures again.",
        file=sys.stderr,
    )
