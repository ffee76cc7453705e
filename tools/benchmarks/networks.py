"""Training and embedding with GoogLeNet in hsm, and with the same network in PyTorch."""

from __future__ import annotations

import itertools
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.photographs import CLASSES, epochs, make_split
from benchmarks.settings import Round, Settings
from hsm.experiments.config import RunConfig

if TYPE_CHECKING:
    from hsm.models import EmbeddingModel
    from hsm.training.step import TrainStep

_DIMENSIONS = 64


def train_hsm(settings: Settings) -> Round:
    """Step of HBN's network on a batch in memory."""
    step = _step(settings)
    pixels, labels = _batch(settings)

    def train() -> float:
        for _ in range(settings.steps):
            step(pixels, labels)
        step.totals()
        return settings.steps * settings.batch_size

    return train


def embed_hsm(settings: Settings) -> Round:
    """Compute features of a batch in memory."""
    import tensorflow as tf

    model = _model(settings)
    features = tf.function(lambda images: model.features(tf.cast(images, tf.float32)))
    pixels = tf.constant(_batch(settings)[0])

    def embed() -> float:
        for _ in range(settings.steps):
            features(pixels).numpy()
        return settings.steps * settings.batch_size

    return embed


def train_jpegs(settings: Settings) -> Round:
    """Run the steps of `train_hsm` on images that are read from 256x256 JPEG files."""
    return _train_with_data(settings, "jpegs")


def train_shards(settings: Settings) -> Round:
    """Do the same from a prepared copy."""
    return _train_with_data(settings, "shards")


def train_originals(settings: Settings) -> Round:
    """Do the same from originals of several hundred kilobytes."""
    return _train_with_data(settings, "originals")


def embed_jpegs(settings: Settings) -> Round:
    """Compute features of a data set of 256x256 JPEG files, as an evaluation embeds it."""
    from hsm.data.sources.source import ImageSource
    from hsm.experiments.runs.evaluator import Evaluator

    config, model = _config(settings), _model(settings)
    folder = tempfile.TemporaryDirectory()
    split = make_split(Path(folder.name), "jpegs")
    evaluator = Evaluator(model.features, ImageSource("benchmark", split, split), config)

    def embed(kept: object = folder) -> float:
        return float(len(evaluator.embed(split)[0]))

    return embed


def train_torch(settings: Settings) -> Round:
    """Run the same steps in PyTorch."""
    from benchmarks.torch_googlenet import BatchNormalizedClassifier, training_step

    step = training_step(BatchNormalizedClassifier(_DIMENSIONS, CLASSES), settings.precision)
    batch = _batch(settings)

    def train() -> float:
        for _ in range(settings.steps):
            step(*batch)
        return settings.steps * settings.batch_size

    return train


def embed_torch(settings: Settings) -> Round:
    """Compute the same features in PyTorch."""
    from benchmarks.torch_googlenet import BatchNormalizedClassifier, embedding_step

    step = embedding_step(BatchNormalizedClassifier(_DIMENSIONS, CLASSES), settings.precision)
    pixels, _ = _batch(settings)

    def embed() -> float:
        for _ in range(settings.steps):
            step(pixels)
        return settings.steps * settings.batch_size

    return embed


def gemm(settings: Settings) -> Round:
    """Multiply square matrices, counting twice the multiply-adds: what the machine can do."""
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
    """Return operations of a forward pass through GoogLeNet: twice its multiply-adds."""
    from hsm.models import GoogLeNet

    model = GoogLeNet((image_size, image_size, 3))
    products = 0
    for layer in model.layers:
        if hasattr(layer, "kernel"):
            _, height, width, _ = layer.output.shape
            products += height * width * int(np.prod(layer.kernel.shape))
    return 2.0 * products


def _config(settings: Settings) -> RunConfig:
    return RunConfig(
        dataset="benchmark",
        method="BN",
        precision=settings.precision,
        batch_size=settings.batch_size,
        image_size=settings.image_size,
        embedding_dim=_DIMENSIONS,
    )


def _model(settings: Settings) -> EmbeddingModel:
    from hsm.experiments.runs import build

    return build.build_model(_config(settings), CLASSES)


def _step(settings: Settings) -> TrainStep:
    from hsm.experiments.runs import build

    return build.build_step(_config(settings), _model(settings))


def _train_with_data(settings: Settings, kind: str) -> Round:
    step, batches = _step(settings), epochs(settings, kind)

    def train() -> float:
        images = 0
        for pixels, labels in itertools.islice(batches, settings.steps):
            step(pixels, labels)
            images += len(labels)
        step.totals()
        return images

    return train


def _batch(settings: Settings) -> tuple[np.ndarray, np.ndarray]:
    """Return uint8 images [b, h, w, 3] and int32 labels [b]."""
    rng = np.random.default_rng(0)
    shape = (settings.batch_size, settings.image_size, settings.image_size, 3)
    labels = rng.integers(CLASSES, size=settings.batch_size)
    return rng.integers(0, 256, shape, np.uint8), labels.astype(np.int32)
