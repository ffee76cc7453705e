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
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hsm.metrics.distances import FloatArray, ScreenedDistances
from hsm.metrics.mutual import count_among
from hsm.metrics.validation import checked_embeddings, checked_ks, checked_labels

IntArray = NDArray[np.int64]
Singletons = Literal["error", "exclude", "miss"]

# Images of a class up to which to compute all its distances is faster than to screen them.
_SMALL_CLASS = 16


def recall_at_k(
    embeddings: ArrayLike,
    labels: ArrayLike,
    ks: Sequence[int] | int = (1, 2, 4, 8),
    gallery: ArrayLike | None = None,
    gallery_labels: ArrayLike | None = None,
    *,
    singletons: Singletons = "error",
) -> dict[int, float]:
    """Return the share of queries with one of their own class among their K nearest neighbours.

    Example:
        >>> recall_at_k([[0.0], [0.1], [0.3], [1.0]], [0, 0, 1, 1], ks=(1, 2))
        {1: 0.75, 2: 0.75}

    Args:
        embeddings: queries [n, k], integers or floats of any finite scale.
        labels: integers [n], their classes.
        ks: the K's, or one, each at least 1. A K beyond the gallery's size retrieves all of it.
        gallery: [m, k], where to search; None: among the other queries (self excluded).
        gallery_labels: integers [m], required with `gallery`.
        singletons: what becomes of a query that has no other image of its class to find. "error"
            refuses it; "exclude" leaves it out, where there is no gallery as a neighbour of others
            as well; "miss" counts it as never found.

    Returns:
        K -> recall in 0..1, in the order of `ks`.

    Raises:
        ValueError: contradicting or non-finite arrays, a K below 1, or a query that has no other
            image of its class to find, unless `singletons` says what becomes of it; none is left.
    """
    checked = checked_ks(ks)
    if singletons == "exclude":
        embeddings, labels = without_singletons(embeddings, labels, gallery_labels)
        singletons = "error"
    search = checked_search(embeddings, labels, gallery, gallery_labels, singletons=singletons)
    ranks = _ranks(search, enough=max(checked))
    return {k: float(np.mean(ranks < k)) for k in checked}


def first_positive_ranks(
    embeddings: ArrayLike,
    labels: ArrayLike,
    gallery: ArrayLike | None = None,
    gallery_labels: ArrayLike | None = None,
    *,
    singletons: Literal["error", "miss"] = "error",
    progress: Callable[[int], object] | None = None,
) -> NDArray[np.int32]:
    """Return for each query how many negatives are at most as far as its nearest positive.

    The query is a hit at K if and only if this is smaller than K. Arguments and errors are those of
    `recall_at_k`; `progress` is called with a number of queries whenever so many more are done.

    Example:
        >>> first_positive_ranks([[0.0], [0.1], [0.3], [1.0]], [0, 0, 1, 1])
        array([0, 0, 2, 0], dtype=int32)

    Returns:
        Ranks, int32 [n], 0 for a hit at K = 1; the largest int32 for a query that has nothing to
        find.
    """
    search = checked_search(embeddings, labels, gallery, gallery_labels, singletons=singletons)
    return _ranks(search, progress=progress)


@dataclass(frozen=True)
class Search:
    """What is looked up, and where; checked.

    Attributes:
        queries: [n, k], finite.
        classes: int64 [n].
        gallery: [m, k], finite; `queries` itself where queries search each other.
        gallery_classes: int64 [m].
        lonely: bool [n], which queries have nothing of their class to find.
    """

    queries: NDArray
    classes: IntArray
    gallery: NDArray
    gallery_classes: IntArray
    lonely: NDArray[np.bool_]

    @property
    def is_own(self) -> bool:
        """True where queries search each other, and a query does not find itself."""
        return self.gallery is self.queries


def checked_search(
    embeddings: ArrayLike,
    labels: ArrayLike,
    gallery: ArrayLike | None = None,
    gallery_labels: ArrayLike | None = None,
    *,
    singletons: Literal["error", "miss"] = "error",
) -> Search:
    """Check the arguments of `recall_at_k`, and raise its errors."""
    if singletons not in ("error", "miss"):
        raise ValueError(
            "expected singletons to be 'error' or 'miss', for recall_at_k also 'exclude'. "
            f"Received: singletons={singletons!r}"
        )
    queries = checked_embeddings(embeddings)
    classes = checked_labels(labels, len(queries))
    if (gallery is None) != (gallery_labels is None):
        raise ValueError(
            "expected gallery and gallery_labels together, or neither. Received: one of them"
        )
    if gallery is None or gallery_labels is None:
        lonely = _singletons(classes, classes, required=2)
        searched, searched_classes = queries, classes
    else:
        searched = checked_embeddings(gallery, "gallery")
        searched_classes = checked_labels(gallery_labels, len(searched), "gallery_labels")
        lonely = _singletons(classes, searched_classes, required=1)
    if searched.shape[1] != queries.shape[1]:
        raise ValueError(
            "expected gallery to have vectors as long as the queries'. Received: "
            f"{searched.shape[1]} and {queries.shape[1]}. Embed both with one model."
        )
    if lonely.any() and singletons == "error":
        raise ValueError(_singletons_message(np.unique(classes[lonely]), gallery is not None))
    return Search(queries, classes, searched, searched_classes, lonely)


def _singletons(classes: IntArray, searched: IntArray, *, required: int) -> NDArray[np.bool_]:
    """Return which of `classes` [n] occur fewer than `required` times in `searched`."""
    names, counts = np.unique(searched, return_counts=True)
    return ~np.isin(classes, names[counts >= required])


def _singletons_message(lonely: IntArray, with_gallery: bool) -> str:
    what = "its class in the gallery" if with_gallery else "another image of its class to find"
    shown = ", ".join(map(str, lonely[:10])) + (", ..." if lonely.size > 10 else "")
    return (
        f"labels: expected {what} for every query. Received: none for {lonely.size} class(es): "
        f"{shown}. Add images, or pass singletons='exclude' or 'miss'."
    )


def without_singletons(
    embeddings: ArrayLike, labels: ArrayLike, gallery_labels: ArrayLike | None
) -> tuple[NDArray, IntArray]:
    """Return the queries that have another image of their class to find, and their labels."""
    queries = checked_embeddings(embeddings)
    classes = checked_labels(labels, len(queries))
    if gallery_labels is None:
        lonely = _singletons(classes, classes, required=2)
    else:
        searched = checked_labels(gallery_labels, None, "gallery_labels")
        lonely = _singletons(classes, searched, required=1)
    if lonely.all():
        raise ValueError(_singletons_message(np.unique(classes), gallery_labels is not None))
    return queries[~lonely], classes[~lonely]


def _ranks(
    search: Search,
    *,
    enough: int | None = None,
    progress: Callable[[int], object] | None = None,
) -> NDArray[np.int32]:
    """Return ranks [n]; one of at least `enough` need not be exact, but is at least that."""
    # Images at one point are compared once: a collapsed embedding is not a slow one.
    points, point_of = distinct_rows(np.asarray(search.gallery, np.float64))
    if search.is_own and len(points) == len(search.queries):
        # Each image is at a point of its own: points can stand for queries, in their own order.
        distances = ScreenedDistances(points, points)
        radii, same_class = _nearest_of_own(distances, search.classes[np.argsort(point_of)])
        needed = None if enough is None else same_class + enough
        within = count_among(distances, radii, enough=needed, progress=progress)
        ranks = (within - same_class)[point_of].astype(np.int32)
    else:
        distances = ScreenedDistances(np.asarray(search.queries, np.float64), points)
        radii, same_class = _nearest_of_class(distances, search, point_of)
        within = distances.count_within(radii, np.bincount(point_of), progress=progress)
        ranks = (within - same_class).astype(np.int32)
    ranks[search.lonely] = np.iinfo(np.int32).max
    return ranks


def _nearest_of_class(
    distances: ScreenedDistances, search: Search, point_of: IntArray
) -> tuple[FloatArray, IntArray]:
    """Return each query's squared distance [n] to its nearest positive, and the images in it [n].

    The latter count the query itself where it is in the gallery; 0 and 0 for nothing to find.
    """
    radii = np.zeros(len(search.queries))
    same_class = np.zeros(len(search.queries), np.int64)
    for rows, members in _by_class(search.classes, search.gallery_classes):
        if len(members) <= int(search.is_own):
            continue
        columns, weights = np.unique(point_of[members], return_counts=True)
        skip = np.full(len(rows), -1)
        if search.is_own:
            own = np.searchsorted(columns, point_of[rows])
            skip = np.where(weights[own] == 1, own, -1)
        radii[rows], ties = distances.nearest(rows, columns, skip=skip, weights=weights)
        same_class[rows] = ties + (skip >= 0)
    return radii, same_class


def _nearest_of_own(distances: ScreenedDistances, classes: IntArray) -> tuple[FloatArray, IntArray]:
    """Return the same of points [n] that are the queries, each with one image."""
    radii, same_class = np.zeros(len(classes)), np.zeros(len(classes), np.int64)
    order = np.argsort(classes, kind="stable")
    _, starts, sizes = np.unique(classes[order], return_index=True, return_counts=True)
    # Classes of one size are looked up at once: there may be many, of a few images each.
    for size in np.unique(sizes[(sizes > 1) & (sizes <= _SMALL_CLASS)]):
        members = order[starts[sizes == size, None] + np.arange(size)]
        others = (np.arange(size)[:, None] + np.arange(1, size)) % size
        rows, columns = np.repeat(members, size - 1), members[:, others].ravel()
        squared = distances.exact(rows, columns).reshape(-1, size - 1)
        radii[members.ravel()] = nearest = squared.min(axis=1)
        same_class[members.ravel()] = 1 + np.count_nonzero(squared == nearest[:, None], axis=1)
    for start, size in zip(starts[sizes > _SMALL_CLASS], sizes[sizes > _SMALL_CLASS], strict=True):
        members = order[start : start + size]
        radii[members], ties = distances.nearest(
            members, members, skip=np.arange(size), weights=np.ones(size, np.int64)
        )
        same_class[members] = 1 + ties
    return radii, same_class


def distinct_rows(matrix: NDArray[np.float64]) -> tuple[NDArray[np.float64], IntArray]:
    """Return the distinct rows of `matrix` [n, k], and for each row its place among them [n]."""
    # By bytes, which -0 and 0 do not share: two points for one then, which changes no answer.
    rows = np.ascontiguousarray(matrix)
    packed = rows.view(np.dtype((np.void, rows.itemsize * rows.shape[1]))).ravel()
    _, first, inverse = np.unique(packed, return_index=True, return_inverse=True)
    return rows[first], inverse


def _by_class(classes: IntArray, gallery_classes: IntArray) -> Iterator[tuple[IntArray, IntArray]]:
    """Yield, class by class, the queries [r] and the gallery's images [c] of that class."""
    order = np.argsort(classes, kind="stable")
    gallery_order = np.argsort(gallery_classes, kind="stable")
    names, starts = np.unique(classes[order], return_index=True)
    sorted_gallery = gallery_classes[gallery_order]
    firsts = np.searchsorted(sorted_gallery, names, side="left")
    lasts = np.searchsorted(sorted_gallery, names, side="right")
    for rows, first, last in zip(np.split(order, starts[1:]), firsts, lasts, strict=True):
        yield rows, gallery_order[first:last]
