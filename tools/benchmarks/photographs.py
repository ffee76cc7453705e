"""Images to read: small JPEGs, a prepared copy of them, and originals as a camera leaves them."""

from __future__ import annotations

import itertools
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.settings import Round, Settings
from hsm.data.sources.annotations import Annotations
from hsm.data.sources.source import Split

CLASSES = 98

_NAMES = tuple(map(str, range(CLASSES)))
_SMALL = (8 * CLASSES, 256, 256)  # Images, height, width.
_ORIGINAL = (CLASSES, 900, 1200)
# Batches that lie ready when a round begins, and were not made in it.
_READY = 2


def feed_jpegs(settings: Settings) -> Round:
    """Read, decode, crop and flip 256x256 JPEGs, and nothing else."""
    return _feed(settings, "jpegs")


def feed_shards(settings: Settings) -> Round:
    """Do the same from a prepared copy."""
    return _feed(settings, "shards")


def feed_originals(settings: Settings) -> Round:
    """Do the same from originals, which are resized, too."""
    return _feed(settings, "originals")


def epochs(settings: Settings, kind: str) -> Iterator[tuple[Any, Any]]:
    """Yield batches of one epoch after the other, as the training loop reads them."""
    from hsm.data import pipeline, sampling

    with tempfile.TemporaryDirectory() as folder:
        split = make_split(Path(folder), kind)
        crops = pipeline.TrainingBatches(split, pipeline.Crop(settings.image_size, flip=True))
        for epoch in itertools.count():
            size = settings.batch_size
            order = sampling.shuffled(split.labels, batch_size=size, seed=0, epoch=epoch)
            yield from crops(order, seed=0, epoch=epoch)


def make_split(folder: Path, kind: str) -> Split:
    """Write "jpegs", "shards" or "originals" into `folder`."""
    return _KINDS[kind](folder)


def _feed(settings: Settings, kind: str) -> Round:
    batches = epochs(settings, kind)

    def feed() -> float:
        for _ in range(_READY):
            next(batches)
        read = itertools.islice(batches, 4 * settings.steps)
        return float(sum(len(labels) for _, labels in read))

    return feed


def write_jpegs(folder: Path) -> list[str]:
    """Write 784 JPEGs of 256x256 pixels and some 20 kB; return their paths."""
    return _write(folder, _SMALL, quality=90)


def write_originals(folder: Path) -> list[str]:
    """Write 98 JPEGs of 1200x900 pixels and some 520 kB; return their paths."""
    return _write(folder, _ORIGINAL, quality=95)


def labels_of(paths: Sequence[str]) -> np.ndarray:
    """Return a class for each, int32, all of them in turn."""
    return np.arange(len(paths), dtype=np.int32) % CLASSES


def _shards(folder: Path) -> Split:
    from hsm.data.sources import prepare, prepared

    paths = write_jpegs(folder)
    parts = np.full(len(paths), "train")
    annotations = Annotations(folder, tuple(paths), labels_of(paths), _NAMES, parts, {})
    prepare.write_copy(annotations, folder / "copy", name="cars196")  # Any known name will do.
    copy = prepared.read(folder / "copy", "cars196")
    if copy is None:
        raise RuntimeError(f"the prepared copy in {folder / 'copy'} was not found")
    return Split(copy.images, copy.classes, copy.class_names)


def _files(paths: list[str]) -> Split:
    return Split(tuple(paths), labels_of(paths), _NAMES)


_KINDS: Mapping[str, Callable[[Path], Split]] = {
    "jpegs": lambda folder: _files(write_jpegs(folder)),
    "shards": _shards,
    "originals": lambda folder: _files(write_originals(folder)),
}


def _write(folder: Path, shape: tuple[int, int, int], quality: int) -> list[str]:
    """Write smooth random images with a little noise, and return their paths."""
    import tensorflow as tf

    count, height, width = shape
    rng = np.random.default_rng(0)
    paths = [str(folder / f"{index:04d}.jpg") for index in range(count)]
    for path in paths:
        coarse = tf.constant(rng.uniform(0, 255, (height // 10, width // 10, 3)), tf.float32)
        smooth = tf.image.resize(coarse, (height, width), "bicubic")
        pixels = tf.saturate_cast(smooth + rng.normal(0, 4, (height, width, 3)), tf.uint8)
        tf.io.write_file(path, tf.io.encode_jpeg(pixels, quality=quality))
    return paths
