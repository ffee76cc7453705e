"""Recall@K (section 5.2), exact and in bounded memory.

A query is a hit at K where one of its K nearest neighbours, itself excluded, is of its class. Among
neighbours at equal distance those of other classes come first, so that an embedding which maps
everything to one point scores 0, not 1: hit@K if and only if rank < K, with the rank

    |{negatives n: d(q, n) <= min over positives p of d(q, p)}|.

d is the squared Euclidean distance in float64. Vectors are compared as they are: nothing is
normalised here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hsm.metrics.distances import ScreenedDistances
from hsm.metrics.validation import checked_embeddings, checked_ks, checked_labels

IntArray = NDArray[np.int64]


def recall_at_k(
    embeddings: ArrayLike,
    labels: ArrayLike,
    ks: Sequence[int] = (1, 2, 4, 8),
    gallery: ArrayLike | None = None,
    gallery_labels: ArrayLike | None = None,
) -> dict[int, float]:
    """The share of queries with one of their own class among their K nearest neighbours.

    Args:
        embeddings: queries [n, k], integers or floats.
        labels: integers [n], their classes.
        ks: the K's, each at least 1. A K beyond the gallery's size retrieves the whole gallery.
        gallery: [m, k], where to search; None: among the other queries (self excluded).
        gallery_labels: integers [m], required with `gallery`.

    Returns:
        K -> recall in 0..1, in the order of `ks`.

    Raises:
        ValueError: contradicting or non-finite arrays, a query that has no other image of its class
            to be found, or a K below 1.
    """
    checked = checked_ks(ks)
    ranks = negatives_before_positive(embeddings, labels, gallery, gallery_labels)
    return {k: float(np.mean(ranks < k)) for k in checked}


def negatives_before_positive(
    embeddings: ArrayLike,
    labels: ArrayLike,
    gallery: ArrayLike | None = None,
    gallery_labels: ArrayLike | None = None,
    *,
    progress: Callable[[int], object] | None = None,
) -> NDArray[np.int32]:
    """For each query, how many negatives are at most as far as its nearest positive.

    The query is a hit at K if and only if this is smaller than K. Arguments and errors are those of
    `recall_at_k`; `progress` is called with a number of queries whenever so many more are done.

    Returns:
        Ranks, int32 [n], 0 for a hit at K = 1.
    """
    queries = checked_embeddings(embeddings)
    classes = checked_labels(labels, len(queries))
    if (gallery is None) != (gallery_labels is None):
        raise ValueError("gallery and gallery_labels must be given together, or neither of them.")
    if gallery is None or gallery_labels is None:
        _check_positives(classes, classes, required=2)
        return _ranks(queries, classes, queries, classes, progress)
    searched = checked_embeddings(gallery, "gallery")
    if searched.shape[1] != queries.shape[1]:
        raise ValueError(
            "gallery must have vectors as long as the queries'. "
            f"Received: {searched.shape[1]} and {queries.shape[1]}. Embed both with one model."
        )
    searched_classes = checked_labels(gallery_labels, len(searched), "gallery_labels")
    _check_positives(classes, searched_classes, required=1)
    return _ranks(queries, classes, searched, searched_classes, progress)


def _check_positives(classes: IntArray, searched: IntArray, *, required: int) -> None:
    """Raises ValueError unless each of `classes` occurs `required` times in `searched`."""
    names, counts = np.unique(searched, return_counts=True)
    lonely = np.setdiff1d(classes, names[counts >= required])
    if not lonely.size:
        return
    what = "another image of its class to find" if required == 2 else "its class in the gallery"
    shown = ", ".join(map(str, lonely[:10])) + (", ..." if lonely.size > 10 else "")
    raise ValueError(
        f"labels: every query must have {what}. "
        f"Received: none for {lonely.size} class(es): {shown}. Leave them out, or add images."
    )


def _ranks(
    queries: NDArray,
    classes: IntArray,
    gallery: NDArray,
    gallery_classes: IntArray,
    progress: Callable[[int], object] | None,
) -> NDArray[np.int32]:
    """Ranks [n]; where `gallery` is `queries` itself, a query does not find itself."""
    queries_own = gallery is queries
    # Images at one point are compared once: a collapsed embedding is not a slow one.
    points, point_of = _distinct_rows(np.asarray(gallery, np.float64))
    # Each image at a point of its own: then points can stand for queries, in their own order.
    alone = queries_own and len(points) == len(queries)
    searchers = points if alone else np.asarray(queries, np.float64)
    place = point_of if alone else np.arange(len(queries))
    distances = ScreenedDistances(searchers, points)
    radii = np.empty(len(queries))
    same_class = np.empty(len(queries), np.int64)
    for rows, members in _by_class(classes, gallery_classes):
        columns, weights = np.unique(point_of[members], return_counts=True)
        skip = np.full(len(rows), -1)
        if queries_own:
            own = np.searchsorted(columns, point_of[rows])
            skip = np.where(weights[own] == 1, own, -1)
        radii[place[rows]], ties = distances.nearest(
            place[rows], columns, skip=skip, weights=weights
        )
        same_class[rows] = ties + (skip >= 0)
    if alone:
        within = distances.count_among(radii, progress=progress)
    else:
        within = distances.count_within(radii, np.bincount(point_of), progress=progress)
    return (within[place] - same_class).astype(np.int32)


def _distinct_rows(matrix: NDArray[np.float64]) -> tuple[NDArray[np.float64], IntArray]:
    """The distinct rows of `matrix` [n, k], and for each row its place among them [n]."""
    # By bytes, which -0 and 0 do not share: two points for one then, which changes no answer.
    rows = np.ascontiguousarray(matrix)
    packed = rows.view(np.dtype((np.void, rows.itemsize * rows.shape[1]))).ravel()
    _, first, inverse = np.unique(packed, return_index=True, return_inverse=True)
    return rows[first], inverse


def _by_class(classes: IntArray, gallery_classes: IntArray) -> Iterator[tuple[IntArray, IntArray]]:
    """Yields, class by class, the queries [r] and the gallery's images [c] of that class."""
    order = np.argsort(classes, kind="stable")
    gallery_order = np.argsort(gallery_classes, kind="stable")
    names, starts = np.unique(classes[order], return_index=True)
    sorted_gallery = gallery_classes[gallery_order]
    firsts = np.searchsorted(sorted_gallery, names, side="left")
    lasts = np.searchsorted(sorted_gallery, names, side="right")
    for rows, first, last in zip(np.split(order, starts[1:]), firsts, lasts, strict=True):
        yield rows, gallery_order[first:last]
