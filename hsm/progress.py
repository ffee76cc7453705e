"""How far a long work is: a line that is drawn over on a terminal, and seldom one in a log."""

from __future__ import annotations

import math
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from hsm.former_names import former_names

__getattr__ = former_names(__name__, {"say": "report"})

_TERMINAL_SECONDS, _LOG_SECONDS = 0.1, 30.0
_CLEAR = "\r\x1b[K"


class LiveLine:
    """One line for whatever is under way.

    On a terminal it is drawn over, ten times a second at most, and makes way for lines that stay.
    Elsewhere, as in a log, it is printed if nothing was printed for half a minute.

    Attributes:
        title: what the line starts with, such as the run.
    """

    def __init__(self) -> None:
        self.title = ""
        self._shown_at = time.monotonic()
        self._is_drawn = False

    def show(self, text: str) -> None:
        """Draw the line, if it is time to."""
        is_terminal, now = sys.stdout.isatty(), time.monotonic()
        if now - self._shown_at < (_TERMINAL_SECONDS if is_terminal else _LOG_SECONDS):
            return
        self._shown_at = now
        line = "  ".join(part for part in (self.title, text) if part)
        if not is_terminal:
            print(line, flush=True)
            return
        # One column stays free: a full line would make some terminals begin another.
        print(_CLEAR + line[: shutil.get_terminal_size().columns - 1], end="", flush=True)
        self._is_drawn = True

    def stage(self, text: str) -> None:
        """Draw the line at once on a terminal, for work that does not say how far it is."""
        if sys.stdout.isatty():
            self._shown_at = -math.inf
        self.show(text)

    def clear(self) -> None:
        """Take the line away."""
        if self._is_drawn:
            print(_CLEAR, end="", flush=True)
            self._is_drawn = False

    def report(self, text: str) -> None:
        """Print lines that stay; a log has news then, and needs no other line for a while."""
        self.clear()
        print(text, flush=True)
        self._shown_at = time.monotonic()

    @contextmanager
    def titled(self, title: str) -> Iterator[None]:
        """Start the line with `title` inside the block, and take it away at its end."""
        before, self.title = self.title, title
        try:
            yield
        finally:
            self.title = before
            self.clear()


LINE = LiveLine()


def report(text: str) -> None:
    """Print lines that stay, above the one that is drawn over."""
    LINE.report(text)


class Progress:
    """Counts a work's parts, and shows on `LINE` how many are done and how long the rest takes.

    Args:
        work: what is done, such as "scoring".
        total: the parts that make the whole.
        unit: what they are, in the plural.
    """

    def __init__(self, work: str, total: int, unit: str = "images") -> None:
        self._work = work
        self._total = total
        self._unit = unit
        self._done = 0
        self._start = time.monotonic()

    def advance(self, count: int = 1) -> None:
        """Show the line with `count` more done."""
        self._done += count
        left = (time.monotonic() - self._start) / self._done * (self._total - self._done)
        LINE.show(
            f"{self._work}: {self._done:,} of {self._total:,} {self._unit}, {duration(left)} left"
        )


def width() -> int:
    """Return the columns of the terminal, at most 100; 100 where there is none."""
    return min(shutil.get_terminal_size((100, 24)).columns, 100)


def duration(seconds: float) -> str:
    """Write seconds, from a minute on minutes, from an hour on hours and minutes."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02d} min"
