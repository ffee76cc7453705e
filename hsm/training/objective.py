"""What is minimised: a function of model and batch that knows over what its sum is a mean."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import keras
import tensorflow as tf

from hsm.losses import cross_entropy
from hsm.training.devices import counted_once, gathered, number_of_devices
from hsm.training.two_pass import two_pass_output


class BatchLoss(NamedTuple):
    """What an objective gives for one batch; the step minimises `total / count`.

    Attributes:
        total: float32 scalar, the sum of the loss's terms.
        count: float32 scalar, how many terms there are: images, pairs, or 1 for a loss that is one
            number a batch.
        hits: int64 scalar, images classified rightly, or what an objective that classifies none
            counts in their place; None for nothing.

    Of several devices each gives its own, for the images that it got, and all three are summed over
    them. What compares images takes those of all from `hsm.training.devices.gathered`, and is
    then `counted_once`.
    """

    total: tf.Tensor
    count: tf.Tensor
    hits: tf.Tensor | None = None


class Objective(Protocol):
    """What is minimised.

    Attributes:
        classifies: it counts hits, from which an accuracy follows.
    """

    classifies: bool

    def __call__(
        self, model: keras.Model, images: tf.Tensor, labels: tf.Tensor, *, training: bool
    ) -> BatchLoss:
        """Return the loss of a batch.

        Args:
            model: what is trained.
            images: float32 [b, h, w, 3], RGB values 0..255.
            labels: int [b].
            training: batch normalisation uses the batch's statistics.
        """


@dataclass(frozen=True)
class SoftmaxObjective:
    """The mean cross entropy of a model whose output are logits (eq. 2).

    Attributes:
        label_smoothing: share of a label that is spread evenly over all classes, 0 to 1.
    """

    label_smoothing: float = 0.0
    classifies: bool = True

    def __call__(
        self, model: keras.Model, images: tf.Tensor, labels: tf.Tensor, *, training: bool
    ) -> BatchLoss:
        """Return the batch's cross entropies, an image each, and its hits."""
        logits = tf.cast(model(images, training=training), tf.float32)
        losses = cross_entropy(labels, logits, self.label_smoothing)
        predicted = tf.argmax(logits, axis=-1, output_type=labels.dtype)
        hits = tf.reduce_sum(tf.cast(predicted == labels, tf.int64))
        return BatchLoss(tf.reduce_sum(losses), _number(tf.size(losses)), hits)


@dataclass(frozen=True)
class OutputObjective:
    """A loss on labels and a model's output: embeddings, or distances to proxies.

    Attributes:
        loss: (labels [b], output [b, ...]) → the loss's terms, of any shape, whose mean is
            minimised; a `keras.losses.Loss` counts as one number a batch.
        counted: (labels [b], output [b, ...]) → int64 scalar, the batch's hits; None for none.
        slice_size: how many images go through the model at once, see
            `hsm.training.two_pass.two_pass_output`; None for all. Several devices take a share of
            the batch each at once instead.
        compares: the loss compares the images of a batch. Of several devices each computes it of
            the output on all of them. False for a loss with a term for every image by itself.
    """

    loss: Callable[[tf.Tensor, tf.Tensor], Any]
    counted: Callable[[tf.Tensor, tf.Tensor], tf.Tensor] | None = None
    slice_size: int | None = None
    compares: bool = True
    classifies: bool = False

    def __call__(
        self, model: keras.Model, images: tf.Tensor, labels: tf.Tensor, *, training: bool
    ) -> BatchLoss:
        """Return the terms' sum and number, and what is counted."""
        output = self._output(model, images, training)
        if not self.compares:
            return self._sums(labels, output)
        total, count, hits = self._sums(gathered(labels), gathered(output))
        hits = None if hits is None else counted_once(hits)
        return BatchLoss(counted_once(total), counted_once(tf.maximum(count, 1.0)), hits)

    def _output(self, model: keras.Model, images: tf.Tensor, training: bool) -> Any:
        if self.slice_size is None or number_of_devices() > 1:
            return model(images, training=training)
        return two_pass_output(model, images, slice_size=self.slice_size, training=training)

    def _sums(self, labels: tf.Tensor, output: Any) -> BatchLoss:
        terms = tf.cast(self.loss(labels, output), tf.float32) * whole_mean(self.loss)
        hits = None if self.counted is None else self.counted(labels, output)
        return BatchLoss(tf.reduce_sum(terms), _number(tf.size(terms)), hits)


def whole_mean(loss: object) -> float:
    """Return what makes a mean of `loss` whole again where Keras took a device's share of it.

    Keras divides by the number of devices, for a sum over them.
    """
    is_mean = getattr(loss, "reduction", None) in ("sum_over_batch_size", "mean_with_sample_weight")
    return float(number_of_devices()) if isinstance(loss, keras.losses.Loss) and is_mean else 1.0


def _number(size: tf.Tensor) -> tf.Tensor:
    return tf.cast(size, tf.float32)
