"""Pictures of a retrieval, with the numbers behind them: gallery, confused classes, map.

Only the images that are shown are read again, and neighbours are looked up only for the queries
shown; of the confusion for those that Recall@1 misses.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from hsm.analysis.projection import project
from hsm.data.sources.source import Split
from hsm.data.thumbnails import image_name, thumbnails
from hsm.experiments.runs.diagnostics import evenly_spaced
from hsm.experiments.studies.retrieval import Retrieval
from hsm.metrics.confusion import ConfusedPair, confused_pairs
from hsm.metrics.neighbours import Neighbours
from hsm.visual.confusion import ConfusionRow, Direction, draw_confusion
from hsm.visual.embedding_map import MapPoints, draw_map, pictured
from hsm.visual.files import write_csv, write_figure
from hsm.visual.neighbour_sheet import NeighbourRow, Picture, draw_neighbours

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_THUMBNAIL = 144
_AXIS_NAMES = {"pca": ("First principal component", "Second principal component"), "tsne": None}


def write_neighbours(
    retrieval: Retrieval, directory: Path, *, queries: int, k: int, worst_first: bool
) -> list[Path]:
    """Draw gallery_NAME.png and .pdf: queries and their `k` nearest neighbours; and the CSV."""
    rows = chosen_queries(retrieval.evaluation.ranks, queries, worst_first=worst_first)
    near = retrieval.neighbours(rows, k)
    figure = neighbour_sheet(
        retrieval, rows, near, "the worst first" if worst_first else "evenly spaced"
    )
    stem = directory / f"gallery_{retrieval.name}"
    csv = write_csv(stem.with_name(stem.name + ".csv"), _neighbour_rows(retrieval, rows, near))
    return [*write_figure(figure, stem), csv]


def neighbour_sheet(
    retrieval: Retrieval, rows: NDArray[np.int64], near: Neighbours, which: str
) -> Figure:
    """Return the queries `rows`, which the title calls `which`, and their neighbours."""
    pixels = thumbnails(retrieval.queries, rows, _THUMBNAIL)
    others = thumbnails(retrieval.searched, near.indices.ravel(), _THUMBNAIL)
    others = others.reshape(*near.indices.shape, *others.shape[1:])
    sheet = [
        NeighbourRow(
            query=_picture(retrieval.queries, row, pixels[i]),
            place=int(retrieval.evaluation.ranks[row]) + 1,
            neighbours=tuple(
                _picture(retrieval.searched, column, others[i, j])
                for j, column in enumerate(near.indices[i])
            ),
            right=tuple(near.right[i].tolist()),
        )
        for i, row in enumerate(rows)
    ]
    title = (
        f"{retrieval.name}: {len(rows):,} of {len(retrieval.queries):,} queries, {which}, and "
        f"their {near.indices.shape[1]} nearest of {len(retrieval.searched):,}"
    )
    return draw_neighbours(sheet, title)


def chosen_queries(
    ranks: NDArray[np.integer], count: int, *, worst_first: bool
) -> NDArray[np.int64]:
    """Return at most `count` queries: those of the highest rank, worst first, or evenly spaced."""
    if worst_first:
        return np.argsort(-ranks.astype(np.int64), kind="stable")[:count]
    return evenly_spaced(len(ranks), count)


def write_confusion(retrieval: Retrieval, directory: Path, *, pairs: int) -> list[Path]:
    """Draw confusion_NAME.png and .pdf, the most confused pairs of classes; and the CSV.

    Without a confused pair there is only a CSV without rows.
    """
    stem = directory / f"confusion_{retrieval.name}"
    missed = np.flatnonzero(retrieval.evaluation.ranks > 0)
    nearest = np.empty(0, np.int64)
    shown: list[ConfusedPair] = []
    if missed.size:
        nearest = retrieval.neighbours(missed, 1).indices[:, 0]
        labels = retrieval.queries.labels.astype(np.int64)
        neighbours = labels.copy()
        neighbours[missed] = retrieval.searched.labels[nearest]
        shown = confused_pairs(labels, neighbours)[:pairs]
    names = retrieval.queries.class_names
    csv = write_csv(stem.with_name(stem.name + ".csv"), _pair_rows(shown, names))
    if not shown:
        return [csv]
    misses = f"{missed.size:,} of {len(retrieval.queries):,} queries have another class nearest"
    title = f"{retrieval.name}: the {len(shown)} most confused pairs of classes; {misses}"
    rows = _confusion_rows(retrieval, shown, missed, nearest)
    return [*write_figure(draw_confusion(rows, title), stem), csv]


def write_map(
    retrieval: Retrieval, directory: Path, *, method: str, most: int, seed: int
) -> list[Path]:
    """Draw map_NAME.png and .pdf of at most `most` queries, evenly spaced; and the CSV."""
    stem = directory / f"map_{retrieval.name}"
    chosen = evenly_spaced(len(retrieval.queries), most)
    points = MapPoints(
        places=project(retrieval.features[chosen], method, seed=seed),
        labels=retrieval.queries.labels[chosen],
        class_names=retrieval.queries.class_names,
        right=retrieval.evaluation.ranks[chosen] == 0,
        axis_names=_AXIS_NAMES[method],
    )
    seen = pictured(points.places)
    pixels = thumbnails(retrieval.queries, chosen[seen], _THUMBNAIL // 2)
    how = {"pca": "PCA", "tsne": "t-SNE"}[method]
    title = f"{retrieval.name}, {how}: {len(chosen):,} of {len(retrieval.queries):,} images drawn"
    csv = write_csv(stem.with_name(stem.name + ".csv"), _map_rows(retrieval, chosen, points, seen))
    return [*write_figure(draw_map(points, pixels, title), stem), csv]


def _picture(split: Split, index: int, pixels: np.ndarray) -> Picture:
    return Picture(pixels, split.class_names[split.labels[index]])


def _neighbour_rows(
    retrieval: Retrieval, rows: NDArray[np.int64], near: Neighbours
) -> Iterable[Sequence[object]]:
    yield (
        "query",
        "image",
        "class",
        "first_right",
        "place",
        "neighbour",
        "neighbour_class",
        "distance",
        "right",
    )
    for i, row in enumerate(rows):
        queries, searched = retrieval.queries, retrieval.searched
        query = image_name(queries, row), queries.class_names[queries.labels[row]]
        rank = int(retrieval.evaluation.ranks[row]) + 1
        for j, column in enumerate(near.indices[i]):
            other = image_name(searched, column), searched.class_names[searched.labels[column]]
            distance, right = f"{near.distances[i, j]:.6f}", int(near.right[i, j])
            yield int(row), *query, rank, j + 1, *other, distance, right


def _pair_rows(pairs: Sequence[ConfusedPair], names: Sequence[str]) -> Iterable[Sequence[object]]:
    yield (
        "first", "second", "first_as_second", "second_as_first", "first_queries",
        "second_queries", "share",
    )  # fmt: skip
    for p in pairs:
        counts = p.first_as_second, p.second_as_first, p.first_queries, p.second_queries
        yield names[p.first], names[p.second], *counts, f"{p.share:.6f}"


def _confusion_rows(
    retrieval: Retrieval,
    pairs: Sequence[ConfusedPair],
    missed: NDArray[np.int64],
    nearest: NDArray[np.int64],
) -> list[ConfusionRow]:
    """Return each pair with the first query of its first class that was taken for the second."""
    own, other = retrieval.queries.labels[missed], retrieval.searched.labels[nearest]
    first = [int(np.flatnonzero((own == p.first) & (other == p.second))[0]) for p in pairs]
    queries = thumbnails(retrieval.queries, missed[first], _THUMBNAIL)
    neighbours = thumbnails(retrieval.searched, nearest[first], _THUMBNAIL)
    names = retrieval.queries.class_names
    return [
        ConfusionRow(
            query,
            neighbour,
            (
                Direction(names[p.first], names[p.second], p.first_as_second, p.first_queries),
                Direction(names[p.second], names[p.first], p.second_as_first, p.second_queries),
            ),
        )
        for query, neighbour, p in zip(queries, neighbours, pairs, strict=True)
    ]


def _map_rows(
    retrieval: Retrieval, chosen: NDArray[np.int64], points: MapPoints, seen: NDArray[np.int64]
) -> Iterable[Sequence[object]]:
    yield "query", "image", "class", "x", "y", "nearest_is_right", "pictured"
    with_picture = set(seen.tolist())
    for i, row in enumerate(chosen):
        x, y = (f"{value:.5g}" for value in points.places[i])
        name = points.class_names[points.labels[i]]
        flags = int(points.right[i]), int(i in with_picture)
        yield int(row), image_name(retrieval.queries, row), name, x, y, *flags
