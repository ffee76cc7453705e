"""When a loop looks up from its steps, to show how far it is and to save."""

from __future__ import annotations

import time


class Watch:
    """Says when to look at the totals: seldom, so that the device need not wait for the host.

    Args:
        save_seconds: wall time between two checkpoints.
    """

    def __init__(self, save_seconds: float) -> None:
        self._last_look = self._last_save = time.perf_counter()
        self._save_seconds = save_seconds

    def is_due(self, index: int) -> bool:
        """Return True once a second, and in the first step, where a wrong setting shows soonest."""
        now = time.perf_counter()
        if index > 1 and now - self._last_look < 1.0:
            return False
        self._last_look = now
        return True

    def is_save_due(self) -> bool:
        """Return True once every `save_seconds`."""
        now = time.perf_counter()
        if now - self._last_save < self._save_seconds:
            return False
        self._last_save = now
        return True
