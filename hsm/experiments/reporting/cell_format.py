"""Numbers as the text of a table's cells: percent, differences, what the paper has."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from hsm.experiments.reporting.summary import Score
from hsm.metrics.bootstrap import Interval

NONE = "–"
# Differences from the paper beyond this many percentage points are marked.
TOLERANCE = 2.0
_MARK = " *"
MARK_NOTE = f"* more than {TOLERANCE:g} points from the paper."

_UNKNOWN = f" [{NONE}]"
_UNKNOWN_NOTE = f"A {NONE} in brackets: a record keeps no scores of single queries to resample."


def percent(score: Score | None) -> str:
    """Return a score in percent, with its deviation where there are several seeds."""
    if score is None:
        return NONE
    mean = f"{100 * score.mean:.2f}"
    return mean if score.std is None else f"{mean} ± {100 * score.std:.2f}"


def best(scores: Sequence[Score | None]) -> list[int]:
    """Return the places of the highest score as printed; none of one score or equal ones.

    Args:
        scores: what is compared; None where it was not measured.
    """
    printed = {i: round(100 * s.mean, 2) for i, s in enumerate(scores) if s is not None}
    if len(set(printed.values())) < 2:
        return []
    return [i for i, value in printed.items() if value == max(printed.values())]


def points(fraction: float) -> str:
    """Return a difference of two fractions in percentage points, with its sign."""
    return f"{100 * fraction:+.2f}".replace("-", "−")


def interval(value: Interval | float | None) -> str:
    """Return a difference in percentage points, with its interval where it has one.

    A dash stands for one that the records do not give.
    """
    if value is None:
        return NONE
    if isinstance(value, float):
        return points(value)
    if math.isnan(value.low):
        return f"{points(value.difference)}{_UNKNOWN}"
    return f"{points(value.difference)} [{points(value.low)}, {points(value.high)}]"


def compared(paper: float | None, score: Score | None) -> tuple[str, str, str]:
    """Return three cells: the paper's percentage, ours, and their difference, marked if large.

    Args:
        paper: in percent; None where the paper has no number.
        score: ours; None where it was not measured.
    """
    printed = NONE if paper is None else f"{paper:.2f}"
    if paper is None or score is None:
        return printed, percent(score), NONE
    difference = score.mean - paper / 100
    mark = _MARK if abs(round(100 * difference, 2)) > TOLERANCE else ""
    return printed, percent(score), points(difference) + mark


def unknown_notes(rows: Iterable[tuple[str, ...]]) -> list[str]:
    """Return the sentence that explains a missing interval, if a cell of `rows` has one."""
    return [_UNKNOWN_NOTE] if any(_UNKNOWN in cell for row in rows for cell in row) else []


def mark_notes(rows: Iterable[tuple[str, ...]]) -> list[str]:
    """Return the sentence that explains the mark, if a cell of `rows` has it."""
    return [MARK_NOTE] if any(cell.endswith(_MARK) for row in rows for cell in row) else []
