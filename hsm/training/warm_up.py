"""What the released code does between initialising a model and its first update."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import ArrayLike

from hsm.evaluation import damped_unit_length
from hsm.layers import TemperatureSoftmaxDense
from hsm.training.devices import Devices
from hsm.training.replicas import average_statistics, padded


def warm_up(
    model: keras.Model, batches: Iterable[tuple[Any, Any]], devices: Devices | None = None
) -> None:
    """Move the averages of batch normalisation over `batches`, and nothing else.

    A training step with learning rate 0: pretrained averages, of other images and of a bottleneck
    that did not exist, become those of these images before the weights change.

    Args:
        model: called with float32 images [b, h, w, 3].
        batches: (uint8 images [b, h, w, 3], labels), which are not used; of several workers its
            share of them.
        devices: that the model has copies on; None for one.
    """
    places = devices or Devices()

    def forward(images: tf.Tensor) -> None:
        model(tf.cast(padded(images) if places.count > 1 else images, tf.float32), training=True)
        if places.count > 1:
            size = tf.cast(tf.shape(images)[0], tf.float64)
            average_statistics(model, places, weight=size / places.reduce(size))

    compiled = None
    for (images,) in places.distribute((images,) for images, _ in batches):
        compiled = compiled or places.run(forward, images)
        compiled(images)


def set_class_means(
    classifier: TemperatureSoftmaxDense,
    features: ArrayLike,
    labels: ArrayLike,
    *,
    epsilon: float = 0.0,
) -> None:
    """Make every class's weights the mean of its features, at unit length.

    Args:
        classifier: its kernel [k, M] is set.
        features: [n, k], as the classifier multiplies them, of the training images.
        labels: int [n], 0..M - 1; every class occurs.
        epsilon: added to the squared length before dividing, see `damped_unit_length`.

    Raises:
        ValueError: if a class has no example.
    """
    vectors, classes = np.asarray(features, np.float64), np.asarray(labels)
    counts = np.bincount(classes, minlength=classifier.units)
    if not counts.all():
        raise ValueError(
            "expected labels to hold every class, whose weights become its features' mean. "
            f"Received: no example of class {int(np.argmin(counts))} of {classifier.units}"
        )
    sums = np.zeros((classifier.units, vectors.shape[1]))
    np.add.at(sums, classes, vectors)
    means = damped_unit_length(sums / counts[:, None], epsilon)
    classifier.kernel.assign(means.T)
