"""Items to and from Qdrant, for those who outgrow one machine. Needs the extra `qdrant`."""

from __future__ import annotations

import importlib
import uuid
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import numpy as np

from hsm.serving.items import Items, checked_vectors

_AT_ONCE = 256
# Qdrant's ids are numbers or UUIDs: one that follows from the item's id replaces it.
_NAMESPACE = uuid.UUID("0f7d4f7e-6b5e-5f0e-9d2c-3c6f2b3a9e11")


def to_qdrant(items: Items, client: Any, collection: str) -> None:
    """Write items to a collection, which is made if it is missing; those of the same id replace.

    A point has the vector, by Euclidean distance, and the payload {"id", "label", "metadata",
    "digest"}, so that Qdrant can filter by label.

    Args:
        items: such as `hsm.serving.Index.items` returns.
        client: a `qdrant_client.QdrantClient`.
        collection: its name.

    Raises:
        ImportError: if qdrant-client is not installed.
        ValueError: if the collection holds vectors of another width, distance or model.
    """
    models = _models()
    vectors = checked_vectors(items.vectors)
    if not client.collection_exists(collection):
        size = models.VectorParams(size=vectors.shape[1], distance=models.Distance.EUCLID)
        client.create_collection(collection, vectors_config=size)
    _check(client, collection, items, models)
    for start in range(0, len(items), _AT_ONCE):
        part = range(start, min(start + _AT_ONCE, len(items)))
        points = [models.PointStruct(**_point(items, vectors, place)) for place in part]
        client.upsert(collection, points, wait=True)


def from_qdrant(client: Any, collection: str) -> Items:
    """Read the items that `to_qdrant` wrote.

    Raises:
        ValueError: if the collection is missing, or its points have another payload.
    """
    if not client.collection_exists(collection):
        raise ValueError(f"expected a collection of Qdrant. Received: {collection!r}, not there")
    points = list(_points(client, collection))
    try:
        payloads = [point.payload for point in points]
        digests = {payload["digest"] for payload in payloads}
        if len(digests) > 1:
            raise ValueError(f"vectors of {len(digests)} models")
        return Items(
            [payload["id"] for payload in payloads],
            np.asarray([point.vector for point in points], np.float32),
            [payload["label"] for payload in payloads],
            [payload["metadata"] for payload in payloads],
            next(iter(digests), None),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(
            f"expected points in {collection!r} as hsm writes them. Received: {error}"
        ) from error


def _point(items: Items, vectors: np.ndarray, place: int) -> dict[str, Any]:
    key = items.ids[place]
    payload = {
        "id": key,
        "label": items.labels[place],
        "metadata": dict(items.metadata[place]),
        "digest": items.digest,
    }
    number = str(uuid.uuid5(_NAMESPACE, key))
    return {"id": number, "vector": vectors[place].tolist(), "payload": payload}


def _check(client: Any, collection: str, items: Items, models: ModuleType) -> None:
    """Refuse a collection whose vectors cannot be compared with these."""
    holds = client.get_collection(collection).config.params.vectors
    expected = (items.vectors.shape[1], models.Distance.EUCLID)
    received = (getattr(holds, "size", None), getattr(holds, "distance", None))
    if received != expected:
        raise ValueError(
            f"expected the collection {collection!r} to hold vectors of {expected[0]} numbers by "
            f"Euclidean distance. Received: {received}. Name another collection."
        )
    first, _ = client.scroll(collection, limit=1)
    if first and first[0].payload.get("digest") != items.digest:
        raise ValueError(
            f"expected the collection {collection!r} to hold vectors of the model "
            f"{items.digest}. Received: {first[0].payload.get('digest')}. Name another collection."
        )


def _points(client: Any, collection: str) -> Iterator[Any]:
    offset = None
    while True:
        points, offset = client.scroll(collection, limit=_AT_ONCE, offset=offset, with_vectors=True)
        yield from points
        if offset is None:
            return


def _models() -> ModuleType:
    try:
        return importlib.import_module("qdrant_client.models")
    except ImportError as error:
        raise ImportError(
            'qdrant-client is not installed. To use it: pip install "hsm-embedding[qdrant]"'
        ) from error
