"""A finished run → the gallery of a report page: a few queries, and what the run finds for them."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hsm.atomic import write_text
from hsm.data.catalog import ZERO_SHOT
from hsm.data.sources.source import Split
from hsm.data.thumbnails import thumbnails
from hsm.experiments.config.variants import label
from hsm.experiments.runs import diagnostics
from hsm.experiments.runs.build import load_model
from hsm.experiments.runs.finished_runs import FinishedRuns
from hsm.experiments.studies.retrieval import Retrieval, retrieve
from hsm.experiments.studies.retrieval_figures import chosen_queries
from hsm.visual import labels, page, page_neighbours
from hsm.visual.page_neighbours import SMALL, Card, Neighbour, Query

# A picture of what is found, not a score: so many test images are enough, and soon embedded.
_IMAGES = 1000
_QUERIES, _NEIGHBOURS = 8, 6
_FILE = "page_gallery.json"  # As earlier versions call it, too.
_SIDE = 144
_NAME_LENGTH = 60


def blocks(finished: FinishedRuns) -> list[str]:
    """Return the gallery of the last trained run; nothing where its weights are not at hand."""
    runner = finished.runner
    trained = [record for record in finished.records if record.epochs]
    if not trained or trained[-1].config.split != ZERO_SHOT:
        return []
    run_dir = runner.workspace.run_dir(trained[-1].config)
    if not (run_dir / "checkpoint.npz").exists():
        return []
    path = run_dir / _FILE
    if not path.exists():
        _write(finished, run_dir, path)
    queries = [Query.from_json(query) for query in json.loads(path.read_text(encoding="utf-8"))]
    images = len(_some_classes(runner.source.test))
    run = f"{label(trained[-1].config)}, seed {trained[-1].seed}"
    explained = (
        f"{runner.source.name}: what {run} finds for {len(queries)} test images, evenly spaced, "
        f"among {images:,} test images, the nearest first. ✓ is of the same class, ✗ of another; "
        "the number is the distance, from 0 for equal features to 2 for opposite ones."
    )
    return [page.paragraph(explained), page_neighbours.neighbours(queries)]


def _write(finished: FinishedRuns, run_dir: Path, path: Path) -> None:
    """Embed some of the test images, and keep the pictures that are shown."""
    model, config = load_model(run_dir)
    source = finished.runner.source
    shown = retrieve(model, config, replace(source, test=_some_classes(source.test)))
    rows = chosen_queries(shown.evaluation.ranks, _QUERIES, worst_first=False)
    queries = _queries(shown, rows, min(_SIDE, config.image_size))
    write_text(path, json.dumps([query.to_json() for query in queries], indent=1) + "\n")


def _queries(shown: Retrieval, rows: NDArray[np.int64], side: int) -> list[Query]:
    near = shown.neighbours(rows, _NEIGHBOURS)
    asked = _cards(shown.queries, rows, side)
    cards = _cards(shown.searched, near.indices.ravel(), side)
    width = near.indices.shape[1]
    return [
        Query(
            card,
            int(shown.evaluation.ranks[row]) + 1,
            tuple(
                Neighbour(cards[i * width + j], float(near.distances[i, j]), bool(near.right[i, j]))
                for j in range(width)
            ),
        )
        for i, (row, card) in enumerate(zip(rows, asked, strict=True))
    ]


def _cards(split: Split, indices: NDArray[np.int64], side: int) -> list[Card]:
    names = (split.class_names[split.labels[index]] for index in indices)
    return [
        Card(_address(pixels), labels.label(name, width=_NAME_LENGTH), side)
        for pixels, name in zip(thumbnails(split, indices, side), names, strict=True)
    ]


def _address(pixels: np.ndarray) -> str:
    """Return the picture itself as an address: small ones without loss, photographs as JPEG."""
    import tensorflow as tf

    if len(pixels) < SMALL:
        kind, data = "png", tf.io.encode_png(pixels)
    else:
        kind, data = "jpeg", tf.io.encode_jpeg(pixels, quality=85)
    return f"data:image/{kind};base64,{base64.b64encode(data.numpy()).decode('ascii')}"


def _some_classes(split: Split) -> Split:
    """Return whole classes, evenly spaced, of some `_IMAGES` images in all."""
    count = max(2, split.num_classes * _IMAGES // len(split))
    classes = diagnostics.evenly_spaced(split.num_classes, count)
    return split.subset(np.flatnonzero(np.isin(split.labels, classes)))
