"""What the copies of a model on several devices need beside their gradients' sum."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf

from hsm.layers import ScalelessBatchNorm, UnbiasedBatchNormalization
from hsm.training.devices import Devices


class NeverEmpty:
    """A model that is not called with no images, of which not every operation makes none.

    A device of a batch with fewer images than devices calls it with a blank one, and cuts off what
    it makes of it.
    """

    def __init__(self, model: keras.Model) -> None:
        self._model = model

    def __call__(self, images: tf.Tensor, **options: Any) -> Any:
        """Return what the model makes of `images` [b, ...], b of 0 or more."""
        return never_empty(lambda blank: self._model(blank, **options), images)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._model, name)


def never_empty(function: Callable[[tf.Tensor], Any], images: tf.Tensor) -> Any:
    """Return what `function` makes of `images` [b, ...], called with a blank one if b is 0."""
    size = tf.shape(images)[0]
    return tf.nest.map_structure(lambda tensor: tensor[:size], function(padded(images)))


def padded(images: tf.Tensor) -> tf.Tensor:
    """Return `images` [b, ...], or a blank one if b is 0."""
    blank = tf.cast(tf.shape(images)[0] == 0, tf.int32)
    return tf.pad(images, [[0, blank], *([0, 0] for _ in images.shape[1:])])


def average_statistics(model: keras.Model, devices: Devices, *, weight: tf.Tensor) -> None:
    """Make, within a step, the averages of batch normalisation those over all devices.

    Each device has moved its own by its own images. What is synchronised is the same already.

    Args:
        model: called with training=True before.
        devices: that it has copies on.
        weight: scalar, the share of the batch's images that this device has.
    """
    averages = [
        average
        for layer in model._flatten_layers()
        if isinstance(layer, keras.layers.BatchNormalization) and not layer.synchronized
        for average in (layer.moving_mean, layer.moving_variance)
    ]
    if not averages:
        return
    weighted = [average.value * tf.cast(weight, average.dtype) for average in averages]
    for average, mean in zip(averages, devices.reduce(weighted), strict=True):
        average.assign(mean)


def synchronize_batch_norm(model: keras.Model) -> None:
    """Make every batch normalisation take the statistics of the batch of all devices.

    Args:
        model: not called yet.

    Raises:
        ValueError: for an `UnbiasedBatchNormalization`, which counts the values of one device.
    """
    for layer in model._flatten_layers():
        if isinstance(layer, UnbiasedBatchNormalization):
            raise ValueError(
                "expected unbiased_variance=False where batch normalisation is synchronised. "
                f"Received: {layer.name}, which counts the values of one device"
            )
        if isinstance(layer, keras.layers.BatchNormalization | ScalelessBatchNorm):
            layer.synchronized = True
