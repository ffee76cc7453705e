"""Search with FAISS: faster than the exact search, and approximate unless the kind is "flat"."""

from __future__ import annotations

import importlib
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hsm.serving import exact
from hsm.serving.exact import Found
from hsm.serving.rows import View

# The recall that is stated: of so many neighbours, over so many items looked up.
_NEIGHBOURS, _QUERIES = 10, 1000
# FAISS is asked for a few more: some may have been removed, and float32 orders them otherwise.
_MORE = 8


@dataclass(frozen=True, eq=False)
class Approximate:
    """What was built of the items of an index.

    Items that were added since are searched exactly, removed ones are left out, and distances are
    computed in float64 as those of the exact search.

    Attributes:
        kind: "flat", "ivf" or "hnsw".
        recall: share, 0..1, of the `neighbours` nearest items that it finds, the exact search
            being right, over `queries` items of the index.
        neighbours: see `recall`.
        queries: see `recall`.
        seconds: that it took to build.
    """

    kind: str
    recall: float
    neighbours: int
    queries: int
    seconds: float
    _index: Any
    _rows: NDArray[np.int64]
    _built_of: View

    def is_of(self, view: View) -> bool:
        """Return whether the rows of `view` are those it was built of, and maybe later ones."""
        return view.ids is self._built_of.ids

    def search(self, queries: NDArray[np.float32], view: View, k: int) -> list[Found]:
        """Search as `hsm.serving.exact.nearest` does among all items."""
        _, places = self._index.search(queries, min(k + _MORE, len(self._rows)))
        built = len(self._built_of.is_kept)
        late = _late(queries, view, built, k)
        least = min(k, int(np.count_nonzero(view.is_kept)))
        neighbours = []
        for query, near, added in zip(queries, places, late, strict=True):
            rows = self._rows[near[near >= 0]]
            rows = np.concatenate([rows[view.is_kept[rows]], added])
            if len(rows) < least:
                neighbours += exact.nearest(query[None], view, k, among=view.is_kept)
            else:
                neighbours.append(exact.decided(query, view.vectors, rows, k))
        return neighbours

    def __str__(self) -> str:
        """Return kind, recall and time in words."""
        return (
            f"{self.kind}: {100 * self.recall:.2f} % of the {self.neighbours} nearest found "
            f"(over {self.queries:,} items), built in {self.seconds:.1f} s"
        )


def build(view: View, kind: str, **settings: int) -> Approximate:
    """Build one of the items of `view`, and measure its recall.

    Args:
        view: with one item or more.
        kind: "flat"; "ivf", of `lists` lists (4 sqrt(n)) of which `probes` (16) are searched; or
            "hnsw", with `links` (32) an item and `breadth` (64) of a search.
        **settings: these, where they are to differ.

    Raises:
        ImportError: if FAISS is not installed.
        ValueError: if the kind, or a setting, is unknown.
    """
    if kind not in _KINDS:
        raise ValueError(f"expected kind to be one of {', '.join(_KINDS)}. Received: {kind!r}")
    make, defaults = _KINDS[kind]
    unknown = settings.keys() - defaults
    if unknown or any(value < 1 for value in settings.values()):
        raise ValueError(
            f"expected settings of {kind} among {', '.join(defaults) or 'none'}, of at least 1. "
            f"Received: {settings}"
        )
    faiss, start = _faiss(), time.perf_counter()
    rows = np.flatnonzero(view.is_kept)
    vectors = view.vectors if len(rows) == len(view.vectors) else view.vectors[rows]
    index = make(faiss, vectors, {**defaults, **settings})
    index.add(vectors)
    seconds = time.perf_counter() - start
    queries = rows[np.linspace(0, len(rows) - 1, min(_QUERIES, len(rows))).astype(int)]
    built = Approximate(kind, 0.0, _NEIGHBOURS, len(queries), seconds, index, rows, view)
    recall = _recall(built, view, queries)
    return Approximate(kind, recall, _NEIGHBOURS, len(queries), seconds, index, rows, view)


def _recall(built: Approximate, view: View, rows: NDArray[np.int64]) -> float:
    # One more, for an item finds itself.
    k, vectors = _NEIGHBOURS + 1, view.vectors[rows]
    right = _others(exact.nearest(vectors, view, k, among=view.is_kept), rows)
    built_rows = _others(built.search(vectors, view, k), rows)
    hits = sum(len(r & f) for r, f in zip(right, built_rows, strict=True))
    return hits / max(1, sum(map(len, right)))


def _others(neighbours: Sequence[Found], rows: NDArray[np.int64]) -> list[set[int]]:
    """Return the rows that were found, without that of the query."""
    return [
        set([row for row in near.tolist() if row != own][:_NEIGHBOURS])
        for (_, near), own in zip(neighbours, rows.tolist(), strict=True)
    ]


def _late(queries: NDArray[np.float32], view: View, built: int, k: int) -> list[NDArray[np.int64]]:
    """Return the rows of the nearest items that were added later, for each query."""
    if len(view.is_kept) == built:
        return [np.empty(0, np.int64)] * len(queries)
    later = View(
        view.vectors[built:], view.squares[built:], view.is_kept[built:],
        view.label_codes[built:], view.ids, view.metadata, view.label_names,
    )  # fmt: skip
    neighbours = exact.nearest(queries, later, k, among=later.is_kept)
    return [rows + built for _, rows in neighbours]


def _faiss() -> ModuleType:
    try:
        return importlib.import_module("faiss")
    except ImportError as error:
        raise ImportError(
            'FAISS is not installed. To search with it: pip install "hsm-embedding[faiss]"; '
            "without it, the exact search answers"
        ) from error


def _flat(faiss: ModuleType, vectors: NDArray[np.float32], settings: Mapping[str, int]) -> Any:
    return faiss.IndexFlatL2(vectors.shape[1])


def _hnsw(faiss: ModuleType, vectors: NDArray[np.float32], settings: Mapping[str, int]) -> Any:
    index = faiss.IndexHNSWFlat(vectors.shape[1], settings["links"])
    index.hnsw.efSearch = settings["breadth"]
    return index


def _ivf(faiss: ModuleType, vectors: NDArray[np.float32], settings: Mapping[str, int]) -> Any:
    lists = min(settings["lists"] or 4 * int(len(vectors) ** 0.5), len(vectors))
    # Its lists are in it: an index that holds another one by a pointer may outlive it.
    index = faiss.index_factory(vectors.shape[1], f"IVF{lists},Flat")
    index.nprobe = settings["probes"]
    # Some 40 vectors a list make good centres, and more only take time.
    chosen = np.linspace(0, len(vectors) - 1, min(len(vectors), 40 * lists)).astype(int)
    index.cp.min_points_per_centroid = 1
    index.train(np.ascontiguousarray(vectors[chosen]))
    return index


_Make = Callable[[ModuleType, NDArray[np.float32], Mapping[str, int]], Any]
_KINDS: dict[str, tuple[_Make, dict[str, int]]] = {
    "flat": (_flat, {}),
    "ivf": (_ivf, {"lists": 0, "probes": 16}),
    "hnsw": (_hnsw, {"links": 32, "breadth": 64}),
}
