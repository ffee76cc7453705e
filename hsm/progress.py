"""A progress bar on a terminal, and silence in a log, where it would be noise."""

from __future__ import annotations

import sys

import keras


class ProgressBar:
    """Share done, time left, and running values, drawn by Keras on a terminal only.

    Args:
        total: the steps or images that make the whole.
        unit: what is counted, for example "step".

    Attributes:
        is_shown: whether standard output is a terminal.
    """

    def __init__(self, total: int, unit: str = "step") -> None:
        self.is_shown = sys.stdout.isatty()
        self._total = total
        self._unit = unit
        self._done = 0
        self._bar: keras.utils.Progbar | None = None

    def advance(self, count: int) -> None:
        """Draw the bar with `count` more done."""
        self.update(self._done + count)

    def update(self, done: int, **values: float) -> None:
        """Draw the bar; at `total` it is finished and the line ended.

        Args:
            done: how many of `total` are done.
            **values: shown as they are, not averaged.
        """
        self._done = done
        if not self.is_shown:
            return
        if self._bar is None:
            names = list(values)
            self._bar = keras.utils.Progbar(
                self._total, stateful_metrics=names, unit_name=self._unit
            )
        self._bar.update(done, list(values.items()))


def below_the_bar(line: str) -> str:
    """Return `line` for printing while a bar may be drawn: on a terminal it begins a new line."""
    return f"\n{line}" if sys.stdout.isatty() else line
