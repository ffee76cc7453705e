"""A connection that ends when its client neither asks for something nor takes its answer.

uvicorn itself waits forever for the rest of a header, and for a client to read.
"""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

# A large picture on a slow line takes longer than what is buffered of it.
_WHOLE_ANSWER = 10


class TimedProtocol(H11Protocol):
    """HTTP/1.1 over one connection, with an end to waiting; subclasses say when."""

    seconds: float
    _idle: asyncio.TimerHandle | None = None
    _unread: asyncio.TimerHandle | None = None
    _lagging: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        """Give the first request its time."""
        super().connection_made(transport)
        self._see()

    def data_received(self, data: bytes) -> None:
        """Stop the clock when a header is whole; what comes before does not set it back."""
        super().data_received(data)
        self._see()

    def on_response_complete(self) -> None:
        """Give the next request its time."""
        super().on_response_complete()
        self._idle = _cancelled(self._idle)
        self._lagging = _cancelled(self._lagging)
        self._see()

    def pause_writing(self) -> None:
        """Give the client time to read what is buffered, and the whole answer."""
        super().pause_writing()
        self._unread = self._unread or self._later()
        self._lagging = self._lagging or self._later(_WHOLE_ANSWER)

    def resume_writing(self) -> None:
        """Stop that clock: it has read."""
        super().resume_writing()
        self._unread = _cancelled(self._unread)

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop all clocks."""
        for timer in (self._idle, self._unread, self._lagging):
            _cancelled(timer)
        super().connection_lost(exc)

    def _see(self) -> None:
        if self.cycle is not None and not self.cycle.response_complete:
            self._idle = _cancelled(self._idle)
        elif not self.transport.is_closing():
            self._idle = self._idle or self._later()

    def _later(self, times: int = 1) -> asyncio.TimerHandle:
        # A polite end would first wait for the client to read what is left.
        return self.loop.call_later(times * self.seconds, self.transport.abort)


def timed_protocol(timeout: float) -> type[TimedProtocol]:
    """Return the protocol whose connections end after so many seconds without a sign of life."""
    return type("TimedProtocol", (TimedProtocol,), {"seconds": timeout})


def _cancelled(timer: asyncio.TimerHandle | None) -> asyncio.TimerHandle | None:
    """Stop a timer, and return what stands in its place."""
    if timer is not None:
        timer.cancel()
    return None
