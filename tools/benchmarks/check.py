"""Whether hsm has become slower against the others: by ratios, as times differ between machines.

A side's ratio is the median over the turns of hsm's rate over that side's in the same turn. The
turns of a record scatter around it; the standard deviation of the ratios' logarithms is taken over
all turns of both records and all sides of a case together, and the median of n turns is 1.25 / √n
of it uncertain. A ratio has fallen if it lies below the committed one by more than three times the
uncertainty of their difference, and by more than `LEAST`, by which processes differ that are
started anew.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from benchmarks.cases import CASES, HSM
from benchmarks.settings import Settings
from benchmarks.table import advantage, turn_ratios

Record = Mapping[str, Any]
LEAST = 0.05
_SIGMAS = 3.0
_OF_MEDIAN = math.sqrt(math.pi / 2)


def fallen(measured: Record, committed: Record) -> list[str]:
    """Return the rows whose ratio has fallen, in words; of what both records hold."""
    known = {_key(result): result for result in committed["cases"]}
    pairs = [(result, known.get(_key(result))) for result in measured["cases"]]
    return [line for new, old in pairs if old for line in _fallen_sides(new, old)]


def same_kind(machine: Record, other: Record) -> bool:
    """Whether ratios on the two can be compared; older records do not name instructions."""
    if any(_kind(machine, key) != _kind(other, key) for key in ("cpu", "cores")):
        return False
    if machine.get("held_to") != other.get("held_to"):
        return False
    ours, theirs = machine.get("instructions"), other.get("instructions")
    return not ours or not theirs or list(ours) == list(theirs)


def band(new: Mapping[str, Any], old: Mapping[str, Any], sides: Iterable[str]) -> float:
    """Return the part by which a ratio of this case may lie below the committed one."""
    sides = list(sides)
    squares = [_squares(result, side) for result in (new, old) for side in sides]
    freedom = sum(count - 1 for count, _ in squares)
    deviation = math.sqrt(sum(total for _, total in squares) / freedom) if freedom else 0.0
    turns = [len(result["sides"][HSM]) for result in (new, old)]
    uncertainty = _OF_MEDIAN * deviation * math.sqrt(sum(1 / count for count in turns))
    return max(LEAST, 1 - math.exp(-_SIGMAS * uncertainty))


def _fallen_sides(new: Mapping[str, Any], old: Mapping[str, Any]) -> Iterable[str]:
    sides = [side for side in new["sides"] if side != HSM and side in old["sides"]]
    allowed = band(new, old, sides) if sides else 0.0
    for side in sides:
        now, before = advantage(new, side), advantage(old, side)
        if now < before * (1 - allowed):
            yield (
                f"{CASES[new['case']].title}, {new['settings']['precision']}: {now:.2f} × {side}, "
                f"where {before:.2f} is committed and {before * (1 - allowed):.2f} would do"
            )


def _squares(result: Mapping[str, Any], side: str) -> tuple[int, float]:
    """Return turns, and the sum of squares of their ratios' logarithms around the mean."""
    logarithms: Sequence[float] = [math.log(ratio) for ratio in turn_ratios(result, side)]
    mean = sum(logarithms) / len(logarithms)
    return len(logarithms), sum((value - mean) ** 2 for value in logarithms)


def _key(result: Mapping[str, Any]) -> tuple[Any, ...]:
    """Cases are compared that did the same work; steps and turns may differ."""
    # Older records do not name settings that came later.
    settings = {**vars(Settings()), **result["settings"], "steps": None}
    return (result["case"], *sorted(settings.items()))


def _kind(machine: Record, key: str) -> Any:
    return machine["hardware"].get(key)
