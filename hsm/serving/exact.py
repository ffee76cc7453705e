"""The nearest vectors, exactly: screened in float32, decided in float64.

As in `hsm.metrics.distances` a distance is defined in float64, and a product in float32 with a
bound on its error says which pairs have to be looked at. Here the vectors stay as they are, in
float32, so that a million of them need no copies for a single query.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hsm.metrics.distances import score_error
from hsm.serving.rows import View

# Scores in memory at a time: 16 MiB of float32.
_BLOCK = 1 << 22
_QUERIES = 64

Found = tuple[NDArray[np.float64], NDArray[np.int64]]


def nearest(
    queries: NDArray[np.float32],
    view: View,
    k: int,
    *,
    among: NDArray[np.bool_],
) -> list[Found]:
    """Return for each query distances and rows of its `k` nearest points, then by row.

    Args:
        queries: [q, d].
        view: n points [n, d] of about unit length.
        k: at least 1; where fewer points are looked among, all of them are found.
        among: bool [n], which points to look among.

    Returns:
        For each query Euclidean distances float64 [m] and rows int64 [m], m <= k.
    """
    neighbours: list[Found] = []
    for start in range(0, len(queries), _QUERIES):
        part = queries[start : start + _QUERIES]
        candidates = _candidates(part, view, k, among=among)
        neighbours += [
            decided(query, view.vectors, rows, k)
            for query, rows in zip(part, candidates, strict=True)
        ]
    return neighbours


def decided(
    query: NDArray[np.float32], points: NDArray[np.float32], rows: NDArray[np.int64], k: int
) -> Found:
    """Return the `k` nearest of some candidates, by their distances in float64."""
    difference = points[rows].astype(np.float64) - query
    distances = np.sqrt(np.square(difference).sum(axis=1))
    order = np.lexsort((rows, distances))[:k]
    return distances[order], rows[order]


def _candidates(
    queries: NDArray[np.float32], view: View, k: int, *, among: NDArray[np.bool_]
) -> list[NDArray[np.int64]]:
    """Return for each query the rows among which its `k` nearest are."""
    squares = np.square(queries, dtype=np.float64).sum(axis=1)
    largest = float(view.squares.max(initial=0.0))
    margin = 2.0 * score_error(squares, largest, queries.shape[1])
    rows: list[list[NDArray[np.int64]]] = [[] for _ in queries]
    step = _BLOCK // len(queries)
    for start in range(0, len(among), step):
        part = slice(start, start + step)
        scores = view.squares[part] - 2.0 * (queries @ view.vectors[part].T)
        scores[:, ~among[part]] = np.inf
        last = min(k, scores.shape[1]) - 1
        limits = np.partition(scores, last, axis=1)[:, last] + margin
        for query, (score, limit) in enumerate(zip(scores, limits, strict=True)):
            near = np.flatnonzero((score <= limit) & (score < np.inf))
            rows[query].append(near + start)
    return [np.concatenate(parts) if parts else np.empty(0, np.int64) for parts in rows]
