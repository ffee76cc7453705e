"""Steps of a small network on one device, on parts of a processor, and by a loop of one's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from benchmarks.settings import Round, Settings
from hsm.experiments.config import RunConfig

if TYPE_CHECKING:
    from hsm.training.devices import Devices
    from hsm.training.step import TrainStep

_CLASSES, _SIDE = 100, 28


def on_one(settings: Settings) -> Round:
    """Time steps on the device that TensorFlow chooses."""
    return _round(settings, 1)


def on_two(settings: Settings) -> Round:
    """Time the same steps on two logical devices of the processor."""
    return _round(settings, 2)


def on_four(settings: Settings) -> Round:
    """Time the same steps on four."""
    return _round(settings, 4)


def bare(settings: Settings) -> Round:
    """Time the same steps by a loop of one's own, which knows of no devices."""
    import tensorflow as tf

    from hsm.training.devices import Devices

    step = _step(settings, Devices())
    model, optimizer, variables = step.model, step.optimizer, step.model.trainable_variables
    sums = tf.Variable(tf.zeros([4], tf.float64))
    images, labels = _batch(settings)

    @tf.function(
        input_signature=[
            tf.TensorSpec([None, *images.shape[1:]], images.dtype),
            tf.TensorSpec([None], labels.dtype),
        ]
    )
    def update(images: tf.Tensor, labels: tf.Tensor) -> None:
        with tf.GradientTape() as tape:
            loss = step.objective(model, tf.cast(images, tf.float32), labels, training=True)
            mean = loss.total / loss.count
        optimizer.apply(tape.gradient(mean, variables), variables)
        numbers = (loss.total, loss.count, loss.hits, tf.shape(labels)[0])
        sums.assign_add([tf.cast(number, tf.float64) for number in numbers])

    def train() -> float:
        for _ in range(settings.steps):
            update(images, labels)
        sums.numpy()
        return settings.steps * settings.batch_size

    return train


def _round(settings: Settings, devices: int) -> Round:
    from hsm.experiments.runs import device_choice

    step = _step(settings, device_choice.choose("auto", devices if devices > 1 else 0))
    batch = _batch(settings)

    def train() -> float:
        for placed in step.devices.distribute(batch for _ in range(settings.steps)):
            step(*placed)
        step.totals()
        return settings.steps * settings.batch_size

    return train


def _step(settings: Settings, devices: Devices) -> TrainStep:
    from hsm.experiments.runs.build import build_model, build_step

    config = RunConfig(
        dataset="benchmark",
        method="HBN",
        backbone="strided_convnet",
        image_size=_SIDE,
        batch_size=settings.batch_size,
        precision=settings.precision,
    )
    return build_step(config, build_model(config, _CLASSES, devices=devices), devices)


def _batch(settings: Settings) -> tuple[np.ndarray, np.ndarray]:
    drawn = np.random.default_rng(0)
    shape = (settings.batch_size, _SIDE, _SIDE, 3)
    labels = drawn.integers(0, _CLASSES, settings.batch_size, dtype=np.int32)
    return drawn.integers(0, 256, shape, dtype=np.uint8), labels
