"""A network in one format → its size, its speed, and how it scores on all test images."""

from __future__ import annotations

import statistics
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from hsm.data import images
from hsm.export import load_format
from hsm.export.formats import Embed
from hsm.metrics.bootstrap import paired_bootstrap
from hsm.metrics.confidence import share_interval
from hsm.metrics.retrieval import first_positive_ranks

SAVED_MODEL = "saved_model"
# Of a SavedModel what computes vectors, of others all that is no description.
_PARTS = ("saved_model.pb", "variables", "embedding.*")
TURNS = 15
_BATCH = 32


@dataclass(frozen=True)
class Tested:
    """Test images as the network sees them, uint8 [n, side, side, 3], and their classes [n]."""

    pixels: NDArray[np.uint8]
    labels: NDArray[np.int32]


def load(folder: Path, name: str) -> Embed:
    """Return what computes vectors with an export, from float32 pixels of the network's size."""
    return _saved_model(folder) if name == SAVED_MODEL else load_format(folder)


def size(folder: Path) -> int:
    """Return the bytes of what computes vectors: graph and weights."""
    parts = [path for pattern in _PARTS for path in folder.glob(pattern)]
    files = [file for path in parts for file in (path.rglob("*") if path.is_dir() else [path])]
    return sum(file.stat().st_size for file in files)


def vectors(embed: Embed, tested: Tested) -> NDArray[np.float32]:
    """Return the vectors of all test images, float32 [n, k], of unit length."""
    starts = range(0, len(tested.pixels), _BATCH)
    batches = [embed(tested.pixels[s : s + _BATCH].astype(np.float32)) for s in starts]
    joined = np.concatenate(batches)
    return joined / np.linalg.norm(joined, axis=1, keepdims=True)


def scores(
    vectors: NDArray[np.float32], reference: NDArray[np.float32], tested: Tested
) -> dict[str, Any]:
    """Return R@1 with its interval, what it differs by from `reference`, and the cosines to it."""
    hits, expected = (first_positive_ranks(v, tested.labels) < 1 for v in (vectors, reference))
    low, high = share_interval(hits.mean(), len(hits))
    difference = paired_bootstrap(hits, expected)
    cosines = (vectors * reference).sum(axis=1)
    return {
        "recall": {"value": float(hits.mean()), "low": float(low), "high": float(high)},
        "difference": {
            "value": difference.difference,
            "low": difference.low,
            "high": difference.high,
        },
        "cosine": {"least": float(cosines.min()), "mean": float(cosines.mean())},
    }


def speeds(embeds: Mapping[str, Embed], tested: Tested) -> dict[str, dict[str, float]]:
    """Return seconds an image, alone and in batches, by format: the fastest of some turns.

    The formats take turns, so that what else the machine does falls on all of them.
    """
    batch = tested.pixels[:_BATCH].astype(np.float32)
    seconds: dict[str, dict[str, list[float]]] = {
        name: {"alone": [], "batch": []} for name in embeds
    }
    for turn in range(TURNS + 1):
        for name, embed in embeds.items():
            alone = [_seconds(embed, batch[place : place + 1]) for place in range(4)]
            whole = _seconds(embed, batch) / len(batch)
            if turn:  # The first one is a warm-up.
                seconds[name]["alone"].append(statistics.median(alone))
                seconds[name]["batch"].append(whole)
    return {name: {key: min(v) for key, v in each.items()} for name, each in seconds.items()}


def _seconds(embed: Embed, pixels: NDArray[np.float32]) -> float:
    start = time.perf_counter()
    embed(pixels)
    return time.perf_counter() - start


def _saved_model(folder: Path) -> Embed:
    loaded = tf.saved_model.load(str(folder))  # Its variables live as long as it does.

    def embed(pixels: NDArray[np.float32]) -> NDArray[np.float32]:
        side = pixels.shape[1]
        border = images.resize_size(side) - side
        edges = (border // 2, border - border // 2)
        # A frame that it crops away, so that nothing is resized.
        framed = np.pad(pixels.astype(np.uint8), ((0, 0), edges, edges, (0, 0)))
        serve = loaded.signatures["serving_default"]
        vectors: NDArray[np.float32] = serve(images=tf.constant(framed))["embedding"].numpy()
        return vectors

    return embed
