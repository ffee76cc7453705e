"""Items of an index as columns, checked: ids, vectors, labels, metadata."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hsm.metrics.validation import checked_embeddings
from hsm.serving.store import Row

# How far a vector's length may be from 1.
_TOLERANCE = 1e-3
# Levels of metadata; what writes answers of the service gives up at some hundred.
_DEEPEST = 100


@dataclass(frozen=True, eq=False)
class Items:
    """Items, a column each, as they are exchanged with other programs.

    Attributes:
        ids: of n items, all different.
        vectors: float32 [n, k], of unit length.
        labels: of each, or None.
        metadata: of each, JSON objects.
        digest: of the model that embedded them, see `Embedder.digest`; None if it is not known.
    """

    ids: Sequence[str]
    vectors: NDArray[np.float32]
    labels: Sequence[str | None]
    metadata: Sequence[Mapping[str, Any]]
    digest: str | None = None

    def __len__(self) -> int:
        """Return the number of items."""
        return len(self.ids)


@dataclass(frozen=True)
class Neighbour:
    """What a search found.

    Attributes:
        id: of the item.
        distance: the Euclidean one, of unit vectors: 0 for the same, 2 for the opposite; its square
            is 2 - 2 cos.
        label: of the item, or None.
        metadata: of the item.
    """

    id: str
    distance: float
    label: str | None
    metadata: Mapping[str, Any]


@dataclass(frozen=True, eq=False)
class Item:
    """An item.

    Attributes:
        id: of the item.
        vector: float32 [k], of unit length.
        label: of the item, or None.
        metadata: of the item.
    """

    id: str
    vector: NDArray[np.float32]
    label: str | None
    metadata: Mapping[str, Any]


def checked_rows(
    ids: Sequence[str],
    vectors: ArrayLike,
    labels: Sequence[str | None] | None,
    metadata: Sequence[Mapping[str, Any]] | None,
) -> list[Row]:
    """Return the items as rows of the store.

    Raises:
        ValueError: if lengths differ, an id is missing or occurs twice, a vector is not finite or
            not of unit length, a label is empty, or metadata are not JSON.
    """
    matrix = checked_vectors(vectors) if len(ids) else np.empty((0, 1), np.float32)
    columns = {"vectors": matrix, "labels": labels, "metadata": metadata}
    for name, column in columns.items():
        if column is not None and len(column) != len(ids):
            raise ValueError(
                f"expected one of {name} for each of the {len(ids)} ids. Received: {len(column)}"
            )
    _check_ids(ids)
    return [
        Row(
            key,
            vector.astype("<f4").tobytes(),
            None if labels is None else _checked_label(labels[place], key),
            None if metadata is None else _json(metadata[place], key),
        )
        for place, (key, vector) in enumerate(zip(ids, matrix, strict=True))
    ]


def checked_vectors(vectors: ArrayLike, width: int | None = None) -> NDArray[np.float32]:
    """Return unit vectors, float32 [n, k]; of k = `width` if that is given.

    Raises:
        ValueError: if they are not, with what to do.
    """
    matrix = checked_embeddings(vectors, "vectors").astype(np.float32)
    if width is not None and matrix.shape[1] != width:
        raise ValueError(
            f"expected vectors of {width} numbers, as those in the index. Received: "
            f"{matrix.shape[1]}. Embed them with the index's own model."
        )
    lengths = np.linalg.norm(matrix, axis=1)
    off = np.flatnonzero(np.abs(lengths - 1.0) > _TOLERANCE)
    if off.size:
        raise ValueError(
            f"expected vectors of unit length. Received: length {lengths[off[0]]:.4g} in row "
            f"{off[0]}, one of {off.size}. Scale them with hsm.evaluation.damped_unit_length."
        )
    return matrix


def _check_ids(ids: Sequence[str]) -> None:
    wrong = next((key for key in ids if not isinstance(key, str) or not key), None)
    if isinstance(ids, str) or wrong is not None:
        raise ValueError(
            f"expected ids to be texts, one an item, none empty. Received: {wrong or ids!r}"
        )
    broken = next((key for key in ids if not _is_unicode(key)), None)
    if broken is not None:
        raise ValueError(f"expected ids that UTF-8 can hold. Received: {broken!r}")
    if len(set(ids)) < len(ids):
        seen: set[str] = set()
        twice = next(key for key in ids if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        raise ValueError(f"expected ids that are all different. Received: {twice!r} twice")


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _checked_label(label: str | None, key: str) -> str | None:
    if label is not None and (not isinstance(label, str) or not label):
        raise ValueError(
            f"expected a label to be a text that is not empty, or None. Received: {label!r} for "
            f"{key!r}"
        )
    return label


def _depth(value: Any) -> int:
    """Return levels of lists and mappings in each other."""
    if not isinstance(value, Mapping | list | tuple):
        return 0
    inner = value.values() if isinstance(value, Mapping) else value
    return 1 + max(map(_depth, inner), default=0)


def _json(metadata: Mapping[str, Any], key: str) -> str | None:
    try:
        if not isinstance(metadata, Mapping):
            raise TypeError(f"{type(metadata).__name__} is no mapping")
        if _depth(metadata) > _DEEPEST:
            raise ValueError(f"more than {_DEEPEST} levels")
        text = json.dumps(dict(metadata), allow_nan=False, ensure_ascii=False)
        text.encode()
        return text if metadata else None
    except (TypeError, ValueError, RecursionError) as error:
        raise ValueError(
            f"expected metadata to be a mapping that JSON can hold. Received: {error}, for {key!r}"
        ) from error
