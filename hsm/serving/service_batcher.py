"""Images of concurrent requests, embedded together."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hsm.serving.service_limits import Limits, Refusal

# An encoded file, or pixels: uint8 [height, width, 3].
Image = bytes | NDArray[np.uint8]
# A unit vector, float32 [k], or why there is none.
Outcome = NDArray[np.float32] | Refusal


@dataclass(frozen=True)
class _Waiting:
    """An image, when it came, and where its outcome is awaited."""

    image: Image
    since: float
    outcome: asyncio.Future[Outcome]


class Batcher:
    """Collects what is to be embedded until a batch is full or its first image waited long enough.

    While one batch is in the network, in a thread of its own, the next one gathers. An image whose
    request has given up is not embedded.

    Args:
        embed: images → an outcome each, in their order; called in one thread, never concurrently.
        limits: of batch, wait and queue.
        on_batch: told the size of each batch.
    """

    def __init__(
        self,
        embed: Callable[[Sequence[Image]], Sequence[Outcome]],
        limits: Limits,
        *,
        on_batch: Callable[[int], Any] = lambda size: None,
    ) -> None:
        self._embed, self._limits, self._on_batch = embed, limits, on_batch
        self._queue: deque[_Waiting] = deque()
        self._changed = asyncio.Event()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="embed")

    def __len__(self) -> int:
        """Return the number of images that wait."""
        return len(self._queue)

    async def embed(self, images: Sequence[Image]) -> list[Outcome]:
        """Embed images; one that cannot be embedded leaves the others as they are.

        Raises:
            Refusal: 422 for more images than ever fit, 429 for more than there is room for now.
        """
        self._check_room(len(images))
        loop = asyncio.get_running_loop()
        waiting = [_Waiting(image, loop.time(), loop.create_future()) for image in images]
        self._queue.extend(waiting)
        self._changed.set()
        return list(await asyncio.gather(*(each.outcome for each in waiting)))

    async def run(self) -> None:
        """Serve the queue until cancelled."""
        try:
            while True:
                await self._gathered()
                if batch := self._take():
                    await self._serve(batch)
        finally:
            self._thread.shutdown(wait=True)

    def _check_room(self, count: int) -> None:
        most = self._limits.max_queue
        if count > most:
            raise Refusal(
                422,
                f"expected at most {most} images a request. Received: {count}. Send them in "
                "several requests",
            )
        if len(self._queue) + count > most:
            raise Refusal(
                429,
                f"{len(self._queue)} images wait, and there is room for {most}: send this request "
                "again in a second",
                retry_after=1,
            )

    async def _gathered(self) -> None:
        """Return once a batch is full, or its first image has waited `max_wait`."""
        while not self._queue:
            self._changed.clear()
            await self._changed.wait()
        until = self._queue[0].since + self._limits.max_wait
        while len(self._queue) < self._limits.max_batch:
            rest = until - asyncio.get_running_loop().time()
            if rest <= 0:
                return
            self._changed.clear()
            try:
                await asyncio.wait_for(self._changed.wait(), rest)
            except TimeoutError:
                return

    def _take(self) -> list[_Waiting]:
        batch: list[_Waiting] = []
        while self._queue and len(batch) < self._limits.max_batch:
            first = self._queue.popleft()
            if not first.outcome.cancelled():
                batch.append(first)
        return batch

    async def _serve(self, batch: Sequence[_Waiting]) -> None:
        self._on_batch(len(batch))
        loop = asyncio.get_running_loop()
        images = [each.image for each in batch]
        outcomes: Sequence[Outcome | Exception]
        try:
            outcomes = await loop.run_in_executor(self._thread, self._embed, images)
        except Exception as error:  # Whatever it is, those who wait are to hear of it.
            outcomes = [error] * len(batch)
        for each, outcome in zip(batch, outcomes, strict=True):
            if each.outcome.done():
                continue
            if isinstance(outcome, Refusal) or not isinstance(outcome, Exception):
                each.outcome.set_result(outcome)
            else:
                each.outcome.set_exception(outcome)
