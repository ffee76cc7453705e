"""From which distance on there is nothing like a query in an index."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hsm.records.json_values import JsonObject
from hsm.serving import exact
from hsm.serving.rows import View


@dataclass(frozen=True, kw_only=True)
class Calibration(JsonObject):
    """A threshold and what it does to images of held-out classes.

    Attributes:
        threshold: what is farther than this from a query is not like it.
        false_accept_rate: share, 0..1, of the images that have an item of another class within the
            threshold; at most what was asked for.
        true_accept_rate: share of the images that have an item of their own class within it; None
            if there are no such items.
        num_queries: images that were looked up.
        num_classes: their classes.
        num_items: of the index at that time.
    """

    threshold: float
    false_accept_rate: float
    true_accept_rate: float | None
    num_queries: int
    num_classes: int
    num_items: int


def calibrated(
    view: View,
    labels: Sequence[str],
    vectors: NDArray[np.float32] | None,
    false_accept_rate: float,
) -> Calibration:
    """Return the threshold that lets at most a share of images of held-out classes through.

    Args:
        view: of the index.
        labels: as `hsm.serving.Index.calibrate` takes them.
        vectors: [q, k], or None.
        false_accept_rate: above 0 and below 1.

    Raises:
        ValueError: as there.
    """
    if not 0.0 < false_accept_rate < 1.0:
        raise ValueError(
            f"expected false_accept_rate above 0 and below 1. Received: {false_accept_rate}"
        )
    queries = _queries(view, labels, vectors)
    pairs = [_nearest(view, label, own, rows) for label, (own, rows) in queries.items()]
    wrong = np.concatenate([other for other, _ in pairs])
    right = np.concatenate([same for _, same in pairs])
    if not np.isfinite(wrong).any():
        raise ValueError(
            "expected items of other classes than those that are looked up. Received: none. Add "
            "items of further classes, or name fewer labels."
        )
    threshold = _threshold(np.sort(wrong), false_accept_rate)
    has_own = np.isfinite(right).any()
    return Calibration(
        threshold=threshold,
        false_accept_rate=float(np.mean(wrong <= threshold)),
        true_accept_rate=float(np.mean(right <= threshold)) if has_own else None,
        num_queries=len(wrong),
        num_classes=len(queries),
        num_items=int(np.count_nonzero(view.is_kept)),
    )


_Queries = dict[str, tuple[NDArray[np.float32], NDArray[np.int64] | None]]


def _queries(view: View, labels: Sequence[str], vectors: NDArray[np.float32] | None) -> _Queries:
    """Return by class the vectors to look up, and their rows, if they are in the index."""
    if isinstance(labels, str) or not len(labels):
        raise ValueError(f"expected labels to be a list of classes. Received: {labels!r}")
    if vectors is None:
        rows = {label: np.flatnonzero(view.labelled(label)) for label in dict.fromkeys(labels)}
        missing = [label for label, own in rows.items() if not len(own)]
        if missing:
            raise ValueError(
                f"expected labels of items in the index. Received: {missing[0]!r}, which no item "
                "has. To calibrate on other images, pass their vectors and labels."
            )
        return {label: (view.vectors[own], own) for label, own in rows.items()}
    if len(labels) != len(vectors):
        raise ValueError(
            f"expected a label for each of the {len(vectors)} vectors. Received: {len(labels)}"
        )
    names = np.asarray(labels)
    return {str(label): (vectors[names == label], None) for label in np.unique(names)}


def _nearest(
    view: View, label: str, queries: NDArray[np.float32], rows: NDArray[np.int64] | None
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return how far the nearest item of another class, and of the own, is from each query."""
    own = view.labelled(label)
    others = exact.nearest(queries, view, 1, among=view.is_kept & ~own)
    # An image in the index finds itself, at a place that equal ones may share.
    same = exact.nearest(queries, view, 1 if rows is None else 2, among=own)
    itself = [-1] * len(queries) if rows is None else rows.tolist()
    right = [
        next((d for d, row in zip(*near, strict=True) if row != place), np.inf)
        for near, place in zip(same, itself, strict=True)
    ]
    wrong = [near[0][0] if len(near[0]) else np.inf for near in others]
    return np.asarray(wrong, np.float64), np.asarray(right, np.float64)


def _threshold(ascending: NDArray[np.float64], rate: float) -> float:
    """Return the largest distance with at most a share `rate` of `ascending` at or below it."""
    allowed = int(rate * len(ascending))
    # Just below the first distance that is one too many; equal ones stay out together.
    return float(np.nextafter(min(ascending[allowed], 2.0), 0.0))
