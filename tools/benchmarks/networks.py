"""Cases train, embed and pipeline: GoogLeNet in hsm, and the same network in PyTorch."""

from __future__ import annotations

import itertools
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.settings import Round, Settings

_CLASSES = 98
_DIMENSIONS = 64


def train_hsm(settings: Settings) -> Round:
    """Steps of HBN's network on a batch in memory."""
    step, _ = _hsm(settings)
    pixels, labels = _batch(settings)

    def train() -> float:
        for _ in range(settings.steps):
            step(pixels, labels)
        step.totals()
        return settings.steps * settings.batch_size

    return train


def embed_hsm(settings: Settings) -> Round:
    """Features of a batch in memory."""
    import tensorflow as tf

    _, model = _hsm(settings)
    features = tf.function(lambda images: model.features(tf.cast(images, tf.float32)))
    pixels = tf.constant(_batch(settings)[0])

    def embed() -> float:
        for _ in range(settings.steps):
            features(pixels).numpy()
        return settings.steps * settings.batch_size

    return embed


def pipeline_hsm(settings: Settings) -> Round:
    """The steps of `train_hsm`, whose images are read from 256x256 JPEG files."""
    step, _ = _hsm(settings)
    batches = _epochs(settings)

    def train() -> float:
        images = 0
        for pixels, labels in itertools.islice(batches, settings.steps):
            step(pixels, labels)
            images += len(labels)
        step.totals()
        return images

    return train


def feed_hsm(settings: Settings) -> Round:
    """Reading, decoding, cropping and flipping alone."""
    batches = _epochs(settings)
    return lambda: float(sum(len(labels) for _, labels in itertools.islice(batches, 20)))


def train_torch(settings: Settings) -> Round:
    """The same steps in PyTorch."""
    from benchmarks.torch_googlenet import BatchNormalizedClassifier, training_step

    step = training_step(BatchNormalizedClassifier(_DIMENSIONS, _CLASSES), settings.precision)
    batch = _batch(settings)

    def train() -> float:
        for _ in range(settings.steps):
            step(*batch)
        return settings.steps * settings.batch_size

    return train


def embed_torch(settings: Settings) -> Round:
    """The same features in PyTorch."""
    from benchmarks.torch_googlenet import BatchNormalizedClassifier, embedding_step

    step = embedding_step(BatchNormalizedClassifier(_DIMENSIONS, _CLASSES), settings.precision)
    pixels, _ = _batch(settings)

    def embed() -> float:
        for _ in range(settings.steps):
            step(pixels)
        return settings.steps * settings.batch_size

    return embed


def gemm(settings: Settings) -> Round:
    """Multiply-adds of square matrix products, twice their number: what the machine can do."""
    import tensorflow as tf

    size, count = 2048, 10
    dtype = tf.bfloat16 if settings.precision == "mixed_bfloat16" else tf.float32
    # Scaled so that products of products neither grow nor vanish.
    matrix = tf.cast(tf.random.stateless_normal((size, size), (0, 0)) / size**0.5, dtype)

    @tf.function
    def products(factor: tf.Tensor) -> tf.Tensor:
        result = factor
        for _ in range(count):
            result = tf.matmul(result, factor)
        return result[0, 0]

    def multiply() -> float:
        products(matrix).numpy()
        return count * 2.0 * size**3

    return multiply


def flops_per_image(image_size: int) -> float:
    """Operations of a forward pass through GoogLeNet: twice its multiply-adds."""
    from hsm.models import GoogLeNet

    model = GoogLeNet((image_size, image_size, 3))
    products = 0
    for layer in model.layers:
        if hasattr(layer, "kernel"):
            _, height, width, _ = layer.output.shape
            products += height * width * int(np.prod(layer.kernel.shape))
    return 2.0 * products


def _hsm(settings: Settings) -> tuple[Any, Any]:
    """The update step and the model."""
    from hsm.experiments import assemble
    from hsm.experiments.config import RunConfig

    config = RunConfig(
        dataset="benchmark",
        method="BN",
        precision=settings.precision,
        batch_size=settings.batch_size,
        image_size=settings.image_size,
        embedding_dim=_DIMENSIONS,
    )
    model = assemble.build_model(config, _CLASSES)
    return assemble.build_step(config, model), model


def _batch(settings: Settings) -> tuple[np.ndarray, np.ndarray]:
    """uint8 images [b, h, w, 3] and int32 labels [b]."""
    rng = np.random.default_rng(0)
    shape = (settings.batch_size, settings.image_size, settings.image_size, 3)
    labels = rng.integers(_CLASSES, size=settings.batch_size)
    return rng.integers(0, 256, shape, np.uint8), labels.astype(np.int32)


def _epochs(settings: Settings) -> Iterator[tuple[Any, Any]]:
    """One epoch after the other, as the training loop reads them."""
    from hsm.data import pipeline
    from hsm.data.sources.source import Split

    with tempfile.TemporaryDirectory() as folder:
        paths = tuple(_write_jpegs(Path(folder), 8 * _CLASSES))
        labels = np.arange(len(paths), dtype=np.int32) % _CLASSES
        split = Split(paths, labels, tuple(map(str, range(_CLASSES))))
        for epoch in itertools.count():
            yield from pipeline.training_batches(
                split,
                crop=settings.image_size,
                batch_size=settings.batch_size,
                seed=0,
                epoch=epoch,
                flip=True,
            )


def _write_jpegs(folder: Path, count: int) -> Iterable[str]:
    """Writes `count` smooth random 256x256 JPEGs of some 15 kB and yields their paths."""
    import tensorflow as tf

    rng = np.random.default_rng(0)
    for index in range(count):
        coarse = tf.constant(rng.uniform(0, 255, (24, 24, 3)), tf.float32)
        smooth = tf.image.resize(coarse, (256, 256), "bicubic")
        pixels = tf.saturate_cast(smooth + rng.normal(0, 4, (256, 256, 3)), tf.uint8)
        path = folder / f"{index:04d}.jpg"
        tf.io.write_file(str(path), tf.io.encode_jpeg(pixels, quality=90))
        yield str(path)
