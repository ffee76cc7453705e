"""An index of unit vectors in one file: add, remove, and find the nearest."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from hsm.serving.calibration import Calibration, calibrated
from hsm.serving.items import Item, Items, Neighbour, checked_rows, checked_vectors
from hsm.serving.live import LiveRows
from hsm.serving.reading import item_of, items_of, metadata_of, nearest_items
from hsm.serving.store import Store

if TYPE_CHECKING:
    from hsm.serving.approximate import Approximate
    from hsm.serving.embedder import Embedder

_DIGEST, _CALIBRATION = "digest", "calibration"


class Index:
    """Items with a vector, a label and metadata each, kept in one SQLite file, searched in memory.

    What `add` or `remove` returned from is on the disk. One process writes at a time; others, and
    other threads, search what was committed last, and a search that is under way sees the items
    as they were when it began. Distances are Euclidean between unit vectors, 0 to 2.

    Attributes:
        path: the file.

    Example:
        with Index.open("birds.index", embedder) as index:
            index.add(["a", "b"], embedder.embed(["a.jpg", "b.jpg"]), ["jay", "wren"])
            nearest = index.search(embedder.embed("query.jpg"), 10)[0]
    """

    @classmethod
    def open(
        cls,
        path: str | os.PathLike[str],
        embedder: Embedder | None = None,
        *,
        digest: str | None = None,
        must_exist: bool = False,
    ) -> Index:
        """Open the index in a file, or make an empty one.

        Args:
            path: the file.
            embedder: whose vectors it is to hold and be searched with.
            digest: that of the embedder, where there is none at hand.
            must_exist: refuse a file that is missing.

        Raises:
            ValueError: if the file holds vectors of another model, or is no index.
            FileNotFoundError: if the file must exist, or its folder, and does not.
            OSError: if it cannot be read or written.
        """
        store = Store(Path(path).expanduser(), must_exist=must_exist)
        try:
            index = cls(store)
            index.check_digest(digest if embedder is None else embedder.digest)
            return index
        except BaseException:
            store.close()
            raise

    def __init__(self, store: Store) -> None:
        """Read a store; `open` is what to call."""
        self.path = store.path
        self._store = store
        self._live = LiveRows(store)
        self._fast: Approximate | None = None

    def close(self) -> None:
        """Close the file."""
        self._live.close()

    def __enter__(self) -> Index:
        """Return the index, which is closed at the end of the block."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the file."""
        self.close()

    def __len__(self) -> int:
        """Return the number of items."""
        view = self._live.view()
        return 0 if view is None else int(np.count_nonzero(view.is_kept))

    @property
    def width(self) -> int | None:
        """Numbers of a vector, k; None while no vector was added."""
        view = self._live.view()
        return None if view is None else view.vectors.shape[1]

    @property
    def digest(self) -> str | None:
        """That of the model whose vectors these are, see `Embedder.digest`; None if not known."""
        return self._live.fact(_DIGEST)

    @property
    def calibration(self) -> Calibration | None:
        """What `calibrate` found; None if it was never called."""
        text = self._live.fact(_CALIBRATION)
        return None if text is None else Calibration.from_json(json.loads(text))

    @property
    def threshold(self) -> float | None:
        """The distance beyond which there is nothing like a query; None without calibration."""
        calibration = self.calibration
        return None if calibration is None else calibration.threshold

    def add(
        self,
        ids: Sequence[str],
        vectors: ArrayLike,
        labels: Sequence[str | None] | None = None,
        metadata: Sequence[Mapping[str, Any]] | None = None,
        *,
        replace: bool = False,
    ) -> None:
        """Add items, all of them or, if something is wrong, none.

        Args:
            ids: texts, all different.
            vectors: [n, k], of unit length, by the index's model.
            labels: of each a text, or None.
            metadata: of each a mapping that JSON can hold.
            replace: whether items of the same id are replaced; without, they are refused.

        Raises:
            ValueError: if so, or an argument breaks a rule.
            OSError: if the file cannot be written.
        """
        rows = checked_rows(ids, vectors, labels, metadata)
        if not rows:
            return
        width = len(rows[0].vector) // 4
        with self._live.writing() as gone:
            self._live.check_width(width)
            known = None if replace else self._store.existing(ids)
            if known is not None:
                raise ValueError(
                    f"expected ids that are not in {self.path} yet. Received: {known!r}. Pass "
                    "replace=True to replace items."
                )
            if replace:
                gone += self._store.delete(ids)
            self._store.insert(rows)

    def add_items(self, items: Items, *, replace: bool = False) -> None:
        """Add what another index, or `hsm.serving.files.read_items`, gives.

        Raises:
            ValueError: as `add`, and if they are of another model.
            OSError: if the file cannot be written.
        """
        self.check_digest(items.digest)
        self.add(items.ids, items.vectors, items.labels, items.metadata, replace=replace)

    def remove(self, ids: Sequence[str]) -> int:
        """Remove the items of some ids, and return how many there were.

        Raises:
            OSError: if the file cannot be written.
        """
        with self._live.writing() as gone:
            gone += self._store.delete([ids] if isinstance(ids, str) else ids)
        return len(gone)

    def search(
        self, vectors: ArrayLike, k: int, *, label: str | None = None
    ) -> list[list[Neighbour]]:
        """Return the `k` nearest items of each query, the nearest first.

        Equal ones come in the order in which they were added.

        Args:
            vectors: [q, k], of unit length, by the index's model; q may be 0.
            k: at least 1; where there are fewer items, all are found.
            label: search items with this label only.

        Raises:
            ValueError: if the queries are no such vectors.
        """
        return nearest_items(self._live.view(), vectors, k, label=label, fast=self._fast)

    def get(self, id: str) -> Item | None:
        """Return the item of an id as it was committed last; None if there is none.

        Raises:
            OSError: if the file cannot be read.
        """
        row = self._live.find(id)
        return None if row is None else item_of(row)

    def items(self) -> Items:
        """Return all items, in the order in which they were added."""
        return items_of(self._live.view(), self.digest)

    def metadata(self) -> dict[str, Mapping[str, Any]]:
        """Return the metadata of all items by id, in the order in which they were added."""
        return metadata_of(self._live.view())

    def calibrate(
        self,
        labels: Sequence[str],
        *,
        vectors: ArrayLike | None = None,
        false_accept_rate: float = 0.01,
    ) -> Calibration:
        """Choose and keep the threshold beyond which there is nothing like a query.

        Images of classes that the network was not trained on are looked up among all items of
        other classes. Whatever they find there is wrong, and accepted if it is within the
        threshold: which is the largest that lets at most `false_accept_rate` of them through.
        Items that are added later lie nearer to some query: calibrate again when many were.

        Args:
            labels: without `vectors` the classes in the index that were held out of training; with
                them the label of each.
            vectors: [q, k], images of held-out classes that need not be in the index.
            false_accept_rate: share of the images, above 0 and below 1.

        Raises:
            ValueError: if an argument breaks a rule, or there is nothing to calibrate on.
        """
        view = self._live.view()
        if view is None:
            raise ValueError(f"expected items in {self.path} to calibrate on. Received: none")
        queries = None if vectors is None else checked_vectors(vectors, view.vectors.shape[1])
        calibration = calibrated(view, labels, queries, false_accept_rate)
        with self._live.writing():
            self._store.set_fact(_CALIBRATION, json.dumps(calibration.to_json()))
        return calibration

    def check_digest(self, digest: str | None) -> None:
        """Refuse another model's vectors; an empty index that knows no model takes this one.

        Raises:
            ValueError: if the index holds vectors of another model than that of `digest`.
        """
        if digest is None or digest == self.digest:
            return
        if self.digest is not None or len(self):
            raise ValueError(
                f"expected the model whose vectors {self.path} holds, of digest "
                f"{self.digest or 'unknown'}. Received: a model of digest {digest}. Distances to "
                "another model's vectors mean nothing: use the index's own model, or begin another "
                "index."
            )
        with self._live.writing():
            self._store.set_fact(_DIGEST, digest)

    def accelerate(self, kind: str = "hnsw", **settings: int) -> Approximate:
        """Search with FAISS from now on, until the index is closed; needs the extra `faiss`.

        Args:
            kind: "flat" (exact but for float32), "ivf" or "hnsw" (approximate).
            **settings: of the kind, see `hsm.serving.approximate.build`.

        Returns:
            What was built, with its recall against the exact search.

        Raises:
            ImportError: if FAISS is not installed.
            ValueError: if the kind is unknown, or the index empty.
        """
        from hsm.serving.approximate import build

        view = self._live.view()
        if view is None or not view.is_kept.any():
            raise ValueError(f"expected items in {self.path} to build on. Received: none")
        self._fast = build(view, kind, **settings)
        return self._fast
