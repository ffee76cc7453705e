"""What an index answers from its rows: neighbours, items, metadata."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from hsm.metrics.validation import checked_positive
from hsm.serving import exact
from hsm.serving.exact import Found
from hsm.serving.items import Item, Items, Neighbour, checked_vectors
from hsm.serving.rows import View
from hsm.serving.store import Row

if TYPE_CHECKING:
    from hsm.serving.approximate import Approximate


def nearest_items(
    view: View | None,
    vectors: ArrayLike,
    k: int,
    *,
    label: str | None = None,
    fast: Approximate | None = None,
) -> list[list[Neighbour]]:
    """Return the `k` nearest items of each query, as `hsm.serving.Index.search` says.

    Args:
        view: the rows, or None where there never was one.
        vectors: [q, k], of unit length.
        k: at least 1.
        label: search items with this label only.
        fast: what FAISS built; it is asked where it is of these rows and no label is given.
    """
    count = checked_positive(k, "k")
    if len(np.asarray(vectors)) == 0:
        return []
    queries = checked_vectors(vectors, None if view is None else view.vectors.shape[1])
    if view is None:
        return [[] for _ in queries]
    if fast is not None and fast.is_of(view) and label is None:
        neighbours = fast.search(queries, view, count)
    else:
        among = view.is_kept if label is None else view.labelled(label)
        neighbours = exact.nearest(queries, view, count, among=among)
    return [_neighbours(view, one) for one in neighbours]


def item_of(row: Row) -> Item:
    """Return a row of the store as an item."""
    vector = np.frombuffer(row.vector, "<f4").astype(np.float32)
    return Item(row.id, vector, row.label, _parsed(row.metadata))


def items_of(view: View | None, digest: str | None) -> Items:
    """Return the items of a view that were not removed."""
    if view is None:
        return Items((), np.empty((0, 0), np.float32), (), (), digest)
    rows = np.flatnonzero(view.is_kept)
    places = rows.tolist()
    return Items(
        [view.ids[row] for row in places],
        view.vectors[rows],
        [view.label(row) for row in places],
        [_parsed(view.metadata[row]) for row in places],
        digest,
    )


def metadata_of(view: View | None) -> dict[str, Mapping[str, Any]]:
    """Return the metadata of the items of a view that were not removed, by id."""
    if view is None:
        return {}
    rows = np.flatnonzero(view.is_kept).tolist()
    return {view.ids[row]: _parsed(view.metadata[row]) for row in rows}


def _neighbours(view: View, near: Found) -> list[Neighbour]:
    distances, rows = near
    return [
        Neighbour(view.ids[row], distance, view.label(row), _parsed(view.metadata[row]))
        for distance, row in zip(distances.tolist(), rows.tolist(), strict=True)
    ]


def _parsed(metadata: str | None) -> dict[str, Any]:
    return {} if metadata is None else json.loads(metadata)
