"""How right and wrong are told apart: by colour, and without colour by a symbol."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Mark:
    """One of the two: a colour of Okabe and Ito's palette, a sign, and a marker of matplotlib."""

    color: str
    sign: str
    marker: str


RIGHT = Mark("#0072B2", "\N{CHECK MARK}", "o")
WRONG = Mark("#D55E00", "\N{BALLOT X}", "x")


def mark(is_right: bool) -> Mark:
    """Return the mark of a right or a wrong one."""
    return RIGHT if is_right else WRONG
