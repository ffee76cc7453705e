"""Times GoogLeNet on this machine: training steps, embedding, and what the input pipeline costs.

    python tools/benchmark.py --precision=mixed_bfloat16

Prints images a second and processor milliseconds an image, medians over rounds that take turns, so
that a machine that slows down slows all cases down. "with data" reads, decodes, crops and flips
256x256 JPEG files; "in memory" repeats one batch. On a machine with other work, compare processor
times: they hardly see it.
"""

from __future__ import annotations

import argparse
import itertools
import statistics
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from hsm.data import pipeline
from hsm.data.sources.source import Split
from hsm.experiments import assemble
from hsm.experiments.config import RunConfig
from hsm.experiments.hyperparameters import PRECISIONS

_CLASSES = 98
_STEPS = 10


def write_jpegs(folder: Path, count: int) -> Split:
    """Writes `count` smooth random 256x256 JPEGs of some 15 kB and returns them as a split."""
    generator = np.random.default_rng(0)
    paths = []
    for index in range(count):
        coarse = tf.constant(generator.uniform(0, 255, (24, 24, 3)), tf.float32)
        smooth = tf.image.resize(coarse, (256, 256), "bicubic")
        pixels = tf.saturate_cast(smooth + generator.normal(0, 4, (256, 256, 3)), tf.uint8)
        path = folder / f"{index:04d}.jpg"
        tf.io.write_file(str(path), tf.io.encode_jpeg(pixels, quality=90))
        paths.append(str(path))
    names = tuple(str(label) for label in range(_CLASSES))
    return Split(tuple(paths), np.arange(count, dtype=np.int32) % _CLASSES, names)


@dataclass(frozen=True)
class Round:
    """What one round of a case took: its images, wall and processor seconds."""

    images: int
    wall: float
    processor: float


def cases(config: RunConfig, split: Split) -> dict[str, Callable[[], int]]:
    """Case → function that does one round and returns how many images that were."""
    model = assemble.build_model(config, _CLASSES)
    step = assemble.build_step(config, model)
    features = tf.function(lambda images: model.features(tf.cast(images, tf.float32)))
    in_memory = itertools.repeat(next(iter(_training(config, split, 1))))
    decoded = _epochs(config, split)

    def train(batches: Iterable[tuple[Any, Any]]) -> int:
        images = 0
        for pixels, labels in itertools.islice(batches, _STEPS):
            step(pixels, labels)
            images += len(labels)
        step.totals()
        return images

    def embed() -> int:
        pixels, labels = next(in_memory)
        for _ in range(_STEPS):
            features(pixels).numpy()
        return _STEPS * len(labels)

    return {
        "train, in memory": lambda: train(in_memory),
        "train, with data": lambda: train(decoded),
        "embed, in memory": embed,
    }


def main() -> None:
    """Runs all cases in turns and prints their medians."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--precision", choices=PRECISIONS, default="float32", help="%(default)s")
    parser.add_argument("--batch_size", type=int, default=32, help="%(default)s")
    parser.add_argument("--rounds", type=int, default=5, help="%(default)s, after one to warm up")
    options = parser.parse_args()
    config = RunConfig(
        dataset="jpegs", method="BN", precision=options.precision, batch_size=options.batch_size
    )
    with tempfile.TemporaryDirectory() as folder:
        split = write_jpegs(Path(folder), 8 * _CLASSES)
        timed = cases(config, split)
        rounds = [
            {name: measure(case) for name, case in timed.items()} for _ in range(options.rounds + 1)
        ]
    for name in timed:
        print(f"{name}: {describe([figures[name] for figures in rounds[1:]])}")


def measure(case: Callable[[], int]) -> Round:
    """Times one round."""
    wall, processor = time.perf_counter(), time.process_time()
    images = case()
    return Round(images, time.perf_counter() - wall, time.process_time() - processor)


def describe(rounds: Sequence[Round]) -> str:
    """Medians, and the range of the rates."""
    rates = [r.images / r.wall for r in rounds]
    costs = [1000 * r.processor / r.images for r in rounds]
    return (
        f"{statistics.median(rates):.1f} images/s ({min(rates):.1f} to {max(rates):.1f}), "
        f"{statistics.median(costs):.1f} ms of processor time an image"
    )


def _training(config: RunConfig, split: Split, epoch: int) -> tf.data.Dataset:
    return pipeline.training_batches(
        split,
        crop=config.image_size,
        batch_size=config.batch_size,
        seed=0,
        epoch=epoch,
        flip=True,
    )


def _epochs(config: RunConfig, split: Split) -> Iterator[tuple[Any, Any]]:
    """One epoch after the other, as the training loop reads them."""
    for epoch in itertools.count(1):
        yield from _training(config, split, epoch)


if __name__ == "__main__":
    main()
