"""Names of classes as text in a picture: any length, any characters."""

from __future__ import annotations

import textwrap
import unicodedata


def label(name: str, *, width: int, lines: int = 1) -> str:
    """Return `name` broken into at most `lines` lines of at most `width` characters.

    Underscores, which folders have in place of spaces, become spaces; what is left out becomes an
    ellipsis; bytes that are no UTF-8 become question marks, which every font has. Chinese, Japanese
    and Korean characters count as two.
    """
    readable = name.encode("utf-8", "replace").decode("utf-8").replace("_", " ").strip()
    wide = sum(unicodedata.east_asian_width(character) in "WF" for character in readable)
    if wide:
        width = max(2, width * len(readable) // (len(readable) + wide))
    broken = textwrap.wrap(readable, width) or [""]
    if len(broken) > lines:
        broken = [*broken[: lines - 1], " ".join(broken[lines - 1 :])]
        broken[-1] = broken[-1][: width - 1].rstrip() + "…"
    return "\n".join(broken)
