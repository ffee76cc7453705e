"""Hold classes out of a training on all the others."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

_T = TypeVar("_T")
# Of one class all neighbours would be right; of one training class nothing is to be told apart.
_FEWEST = 2


def held_out(usable: Sequence[_T], total: int, asked: float) -> list[_T]:
    """Choose the classes that are held out, evenly spaced over those that can be scored.

    Args:
        usable: classes of two images or more, sorted.
        total: how many classes there are in all.
        asked: how many to hold out; below 1 the share of all; 0 for none.

    Raises:
        ValueError: if there are not so many, or fewer than two would be left to train.
    """
    if not asked:
        return []
    count = int(asked) if asked >= 1 else max(_FEWEST, round(asked * total))
    most = min(len(usable), total - _FEWEST)
    if count > most:
        single = total - len(usable)
        of_one = f", {single} of them of a single image" if single else ""
        remedy = f"Hold out {most} at most" if most >= _FEWEST else "Add classes, or hold out none"
        raise ValueError(
            "expected `validation_classes` to leave two classes to train, and to be classes of two "
            f"images or more. Received: validation_classes={asked:g}, which is {count} of {total} "
            f"classes{of_one}. {remedy}."
        )
    return [usable[(2 * place + 1) * len(usable) // (2 * count)] for place in range(count)]
