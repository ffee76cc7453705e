"""The routes of the index: search it, add to it, remove from it."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from fastapi import APIRouter, Request, Response
from numpy.typing import NDArray
from pydantic import BaseModel, Field

from hsm.serving.service_batcher import Outcome
from hsm.serving.service_engine import Engine, Finds
from hsm.serving.service_limits import Refusal
from hsm.serving.service_pictures import OF_FILES, picture_of
from hsm.serving.service_requests import (
    ItemsRequest,
    NewItem,
    SearchRequest,
    body_of,
    read_items,
    read_search,
)

_LOG = logging.getLogger(__name__)
# Seconds, in which a full disk may be seen to.
_RETRY = 30


class Found(BaseModel):
    """A neighbour."""

    id: str
    distance: float = Field(description="Euclidean, of unit vectors: 0 to 2.")
    label: str | None
    metadata: dict[str, Any]
    is_within: bool | None = Field(description="The threshold; null where there is none.")
    has_picture: bool = Field(description="Whether GET /pictures/{id} shows it.")


class Answer(BaseModel):
    """What a search found, the nearest first."""

    neighbours: list[Found]
    threshold: float | None
    is_like_nothing: bool | None = Field(
        description="Whether all lie beyond the threshold; null where there is none."
    )


class Refused(BaseModel):
    """An item that was not added."""

    id: str
    error: str


class Added(BaseModel):
    """What became of new items; those under `added` are on the disk."""

    added: list[str]
    refused: list[Refused]


def item_routes(engine: Engine, index: Finds) -> APIRouter:
    """Return the routes of one index."""
    router = APIRouter()

    @router.post("/search", tags=["search"], openapi_extra=body_of(SearchRequest))
    async def search(request: Request) -> Answer:
        """Find what is like an image, or like an item, which is left out itself."""
        asked = await read_search(request)
        vector = await _vector(engine, index, asked)
        return await engine.read(lambda: _search(index, vector, asked))

    @router.post(
        "/items",
        tags=["items"],
        status_code=201,
        openapi_extra=body_of(ItemsRequest, form=NewItem),
    )
    async def add(request: Request, response: Response) -> Added:
        """Add images; those that cannot be read are refused, and the others added all the same."""
        asked = await read_items(request)
        _check_metadata(asked)
        outcomes = await engine.embed([item.image for item in asked.items])
        added, response.status_code = await engine.write(lambda: _add(index, asked, outcomes))
        return added

    @router.delete("/items/{id:path}", tags=["items"])
    async def remove(id: str) -> dict[str, str]:
        """Remove an item."""
        if not await engine.write(lambda: _remove(index, id)):
            raise Refusal(404, f"expected the id of an item. Received: {id!r}")
        return {"removed": id}

    return router


async def _vector(engine: Engine, index: Finds, asked: SearchRequest) -> NDArray[np.float32]:
    """Return the vector of what is searched for."""
    if asked.image is not None:
        (outcome,) = await engine.embed([asked.image])
        if isinstance(outcome, Refusal):
            raise outcome
        return outcome
    item = await engine.read(lambda: index.get(str(asked.id)))
    if item is None:
        raise Refusal(404, f"expected the id of an item. Received: {asked.id!r}")
    return item.vector


def _search(index: Finds, vector: NDArray[np.float32], asked: SearchRequest) -> Answer:
    # An item is its own nearest neighbour.
    count = asked.k + (asked.id is not None)
    (nearest,) = index.search(vector[None], count, label=asked.label)
    others = [near for near in nearest if near.id != asked.id][: asked.k]
    limit = index.threshold
    neighbours = [_neighbour(near, limit) for near in others]
    is_like_nothing = None if limit is None else not any(near.is_within for near in neighbours)
    return Answer(neighbours=neighbours, threshold=limit, is_like_nothing=is_like_nothing)


def _neighbour(near: Any, limit: float | None) -> Found:
    metadata = {k: v for k, v in near.metadata.items() if k not in OF_FILES}
    return Found(
        id=near.id,
        distance=near.distance,
        label=near.label,
        metadata=metadata,
        is_within=None if limit is None else near.distance <= limit,
        has_picture=picture_of(near.id, near.metadata) is not None,
    )


def _check_metadata(asked: ItemsRequest) -> None:
    named = [item.id for item in asked.items if OF_FILES & (item.metadata or {}).keys()]
    if named:
        raise Refusal(
            422,
            f"expected metadata without {' and '.join(sorted(OF_FILES))}, by which files of the "
            f"service's machine are known. Received one of them for {named[0]!r}: call it "
            "otherwise",
        )


def _add(index: Finds, asked: ItemsRequest, outcomes: Sequence[Outcome]) -> tuple[Added, int]:
    """Return what became of the items, and the status that says so."""
    good: dict[str, tuple[NewItem, NDArray[np.float32]]] = {}
    refused: list[tuple[str, Refusal]] = []
    for item, outcome in zip(asked.items, outcomes, strict=True):
        if isinstance(outcome, Refusal):
            refused.append((item.id, outcome))
        elif item.id in good or not (asked.replace or index.get(item.id) is None):
            refused.append((item.id, Refusal(409, "this id is taken: choose another, or replace")))
        else:
            good[item.id] = item, outcome
    if good:
        items = [item for item, _ in good.values()]
        vectors = np.stack([vector for _, vector in good.values()])
        with _in_words():
            index.add(
                list(good),
                vectors,
                labels=[item.label for item in items],
                metadata=[item.metadata or {} for item in items],
                replace=asked.replace,
            )
    told = [Refused(id=id, error=refusal.sentence) for id, refusal in refused]
    return Added(added=list(good), refused=told), 201 if good else refused[0][1].status


def _remove(index: Finds, id: str) -> int:
    with _in_words():
        return index.remove([id])


@contextlib.contextmanager
def _in_words() -> Iterator[None]:
    """Refuse in words: what the index refuses is the client's to mend, the disk's is not."""
    try:
        yield
    except ValueError as error:
        raise Refusal(422, str(error)) from error
    except OSError as error:
        _LOG.error("%s", error)
        raise Refusal(
            503,
            "the index cannot be written to now; the service's log says why",
            retry_after=_RETRY,
        ) from error
