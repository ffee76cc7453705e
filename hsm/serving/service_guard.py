"""What every request passes: may it come in, is there room, is it too large; and is counted."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any

from hsm.serving.service_access import OPEN, Access
from hsm.serving.service_limits import Limits, Refusal

# ASGI's own types, so that this needs no framework.
Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]
# Route, status, seconds.
Answered = Callable[[str, int, float], None]

_OTHER = "other"


class Guard:
    """ASGI middleware around the whole service.

    Args:
        app: what it guards.
        access: who may come in.
        limits: of a request's body, and of the requests that are under way.
        on_answer: told the route, the status and the seconds of each request.
    """

    def __init__(self, app: App, *, access: Access, limits: Limits, on_answer: Answered) -> None:
        self._app, self._access, self._limits, self._on_answer = app, access, limits, on_answer
        self.under_way = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or answer why not."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begin, status = time.monotonic(), 500

        async def noted(message: Message) -> None:
            nonlocal status
            status = message.get("status", status)
            await send(message)

        self.under_way += 1
        try:
            await self._passed(scope, receive, noted)
        finally:
            self.under_way -= 1
            route = getattr(scope.get("route"), "path", _OTHER)
            self._on_answer(route, status, time.monotonic() - begin)

    async def _passed(self, scope: Scope, receive: Receive, send: Send) -> None:
        refusal = self._refusal(scope)
        if refusal is None:
            await self._app(scope, self._counted(receive), send)
        else:
            await _answer(refusal, send)

    def _refusal(self, scope: Scope) -> Refusal | None:
        headers = {k.decode("latin-1"): v.decode("latin-1") for k, v in scope["headers"]}
        if refusal := self._access.refusal(scope["path"], headers):
            return refusal
        most = self._limits.max_queue
        # Whether the service is well must be known above all when it is busy.
        if self.under_way > most and scope["path"] not in OPEN:
            return Refusal(
                429,
                f"{most} requests are under way, which is all that there is room for: send this "
                "one again in a second",
                retry_after=1,
            )
        return self._too_large(_number(headers))

    def _too_large(self, size: int) -> Refusal | None:
        most = self._limits.max_body
        if size <= most:
            return None
        return Refusal(
            413,
            f"expected a body of at most {most:,} bytes. Received more. Send fewer or smaller "
            "images a request",
        )

    def _counted(self, receive: Receive) -> Receive:
        """Return `receive`, but refuse a body that grows too large, or comes too slowly."""
        size, more = 0, True
        until = asyncio.get_running_loop().time() + self._limits.timeout

        async def counted() -> Message:
            nonlocal size, more
            # After the body a server waits here for the client to go.
            async with asyncio.timeout_at(until if more else None):
                message = await receive()
            size, more = size + len(message.get("body", b"")), message.get("more_body", False)
            if refusal := self._too_large(size):
                raise refusal
            return message

        async def in_time() -> Message:
            try:
                return await counted()
            except TimeoutError:
                raise Refusal(
                    408,
                    f"expected the whole request within {self._limits.timeout:g} seconds. Received "
                    f"{size:,} bytes of it",
                ) from None

        return in_time


def _number(headers: Mapping[str, str]) -> int:
    """Return the length of the body as the client states it, 0 where it does not."""
    text = headers.get("content-length", "0")
    return int(text) if text.isdigit() else 0


async def _answer(refusal: Refusal, send: Send) -> None:
    named = {"content-type": "application/json", **refusal.headers}
    if refusal.status == 401:
        named["www-authenticate"] = "Bearer"
    headers = [(name.lower().encode(), value.encode()) for name, value in named.items()]
    body = json.dumps({"error": refusal.sentence}).encode()
    await send({"type": "http.response.start", "status": refusal.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
