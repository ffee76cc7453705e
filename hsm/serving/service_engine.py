"""What the service's routes work with: the model, the index, and the threads that they run in."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from hsm.serving.service_batcher import Batcher, Image, Outcome
from hsm.serving.service_limits import Limits, Refusal
from hsm.serving.service_metrics import Metrics

_SEARCHES = 4
# A PNG of one black pixel.
_PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108000000003a7e9b55"
    "0000000a49444154789c636000000002000148afa4710000000049454e44ae426082"
)
# The first image of each kind takes seconds: pixels, a file, one that breaks off behind its header.
_FIRST = (np.zeros((8, 8, 3), np.uint8), _PNG, _PNG[:40])
_Result = TypeVar("_Result")


class Skipped(Protocol):
    """An image without a vector: its place among the others, and why."""

    place: int
    reason: str


class Embeddings(Protocol):
    """Vectors of the images that could be read."""

    vectors: NDArray[np.float32]
    places: NDArray[np.int64]
    skipped: Sequence[Skipped]


class Embeds(Protocol):
    """What the service needs of an `hsm.serving.Embedder`."""

    embedding_dim: int

    def embed_named(self, images: Any, *, on_bad_image: Any) -> Embeddings:
        """Embed images."""


class Finds(Protocol):
    """What the service needs of an `hsm.serving.Index`."""

    @property
    def threshold(self) -> float | None:
        """The distance beyond which nothing is alike."""

    def __len__(self) -> int: ...

    def get(self, id: str) -> Any:
        """Return the item of this id, None if there is none."""

    def search(self, vectors: Any, k: int, *, label: str | None) -> Sequence[Sequence[Any]]:
        """Return the neighbours of each vector."""

    def add(self, ids: Any, vectors: Any, **more: Any) -> Any:
        """Add items."""

    def remove(self, ids: Any) -> int:
        """Remove items."""


@dataclass(frozen=True)
class Served:
    """What is served.

    Attributes:
        embedder: the model.
        index: where its vectors are kept; None to serve the model alone.
        name: what the model is called in addresses.
        version: of the model, a whole number.
    """

    embedder: Embeds
    index: Finds | None
    name: str
    version: str = "1"


class Engine:
    """Embeds, searches and writes for the routes, each in threads of its own.

    Args:
        served: model and index.
        limits: of the batches, and of time.
        metrics: what is counted.
    """

    def __init__(self, served: Served, limits: Limits, metrics: Metrics) -> None:
        self.served, self.limits, self.metrics = served, limits, metrics
        self._is_open = False
        self._batcher = Batcher(self._embed_each, limits, on_batch=metrics.batch)
        self._readers = ThreadPoolExecutor(_SEARCHES, thread_name_prefix="search")
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="write")
        metrics.watch("hsm_queue_images", "Images that wait.", lambda: len(self._batcher))
        if (index := served.index) is not None:
            metrics.watch("hsm_index_items", "Items of the index.", lambda: len(index))

    async def __aenter__(self) -> Engine:
        self._running = asyncio.create_task(self._batcher.run())
        embedder = self.served.embedder
        await self.read(lambda: embedder.embed_named(list(_FIRST), on_bad_image="skip"))
        self._is_open = True
        return self

    async def __aexit__(self, *_: object) -> None:
        self._is_open = False
        self._running.cancel()
        await asyncio.gather(self._running, return_exceptions=True)
        for threads in (self._readers, self._writer):
            threads.shutdown(wait=True)

    @property
    def is_ready(self) -> bool:
        """Whether images are embedded."""
        return self._is_open and not self._running.done()

    async def embed(self, images: Sequence[Image]) -> list[Outcome]:
        """Embed images together with those of other requests.

        Raises:
            Refusal: 422 or 429 as `Batcher.embed`, 503 where it takes too long.
        """
        try:
            async with asyncio.timeout(self.limits.timeout):
                return await self._batcher.embed(images)
        except TimeoutError:
            raise Refusal(
                503,
                f"the images were not embedded within {self.limits.timeout:g} seconds: the service "
                "is busy; send this request again",
                retry_after=5,
            ) from None

    async def read(self, work: Callable[[], _Result]) -> _Result:
        """Run what reads the index, or computes, beside other such work."""
        return await asyncio.get_running_loop().run_in_executor(self._readers, work)

    async def write(self, work: Callable[[], _Result]) -> _Result:
        """Run what changes the index, one after the other; once begun it is finished."""
        return await asyncio.get_running_loop().run_in_executor(self._writer, work)

    def _embed_each(self, images: Sequence[Image]) -> list[Outcome]:
        embeddings = self.served.embedder.embed_named(list(images), on_bad_image="skip")
        refusals = {each.place: Refusal(422, each.reason) for each in embeddings.skipped}
        vectors = dict(zip(embeddings.places.tolist(), embeddings.vectors, strict=True))
        self.metrics.images(len(vectors), len(refusals))
        outcomes: Mapping[int, Outcome] = {**vectors, **refusals}
        return [outcomes[place] for place in range(len(images))]
