"""SIGINT and SIGTERM wait until a state worth keeping was saved."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Any

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Interruption:
    """Holds back SIGINT and SIGTERM inside a `with` block until `deliver` is called.

    A signal takes its usual course then, or at the block's end: what was there before, be it
    Python's KeyboardInterrupt or a handler of the program's own. A second signal does not wait.
    Only the main thread of Python receives signals; in another one the block changes nothing.

    Args:
        on_request: called at once when the first signal comes.

    Example:
        with Interruption() as interruption:
            for batch in batches:
                step(batch)
                if interruption.is_requested:
                    save()
                    interruption.deliver()
    """

    def __init__(self, on_request: Callable[[], None] = lambda: None) -> None:
        self._on_request = on_request
        self._received: int | None = None
        self._before: dict[int, Any] = {}

    @property
    def is_requested(self) -> bool:
        """True once a signal waits."""
        return self._received is not None

    def deliver(self) -> None:
        """Let the signal that waits take its course; without one, do nothing."""
        if self._received is None:
            return
        received, self._received = self._received, None
        self._restore()
        signal.raise_signal(received)

    def __enter__(self) -> Interruption:
        if threading.current_thread() is threading.main_thread():
            for number in _SIGNALS:
                handler = signal.getsignal(number)
                # Ignored ones stay so; None is a handler that Python did not set.
                if handler not in (signal.SIG_IGN, None):
                    self._before[number] = signal.signal(number, self._receive)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._restore()
        if kind is None:
            self.deliver()

    def _receive(self, number: int, frame: FrameType | None) -> None:
        is_second, self._received = self._received is not None, number
        if is_second:
            self.deliver()
        else:
            self._on_request()

    def _restore(self) -> None:
        while self._before:
            signal.signal(*self._before.popitem())
