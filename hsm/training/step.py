"""One `tf.function` update over (model, optimiser, alpha)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras
import tensorflow as tf

from hsm.losses import cross_entropy


@dataclass(frozen=True)
class Totals:
    """Sums over the examples seen since the last reset.

    Attributes:
        loss: sum of the examples' cross entropies.
        correct: examples whose largest logit is the label's.
        examples: examples seen.
        first_bad_step: 1-based step of the first loss that was not finite; 0 if there was none.
        steps: steps since the reset.
    """

    loss: float
    correct: int
    examples: int
    first_bad_step: int
    steps: int

    @property
    def mean_loss(self) -> float:
        """Mean cross entropy an example, in nats."""
        return self.loss / max(self.examples, 1)

    @property
    def accuracy(self) -> float:
        """Share of examples whose largest logit is the label's, 0..1."""
        return self.correct / max(self.examples, 1)


class TrainStep:
    """One gradient step on the softmax cross entropy (eq. 2), compiled once.

    alpha and the learning rate are variables, so that changing them traces nothing anew. Loss and
    accuracy are summed on the device and read by `totals()`: a step never waits for the host.

    Args:
        model: maps float32 images [b, h, w, 3] of RGB values 0..255 to float32 logits [b, classes].
        optimizer: a Keras optimiser; one with loss scaling is used as such.
        label_smoothing: share of a label that is spread evenly over all classes, 0 to 1.
        xla: compile the step with XLA.
    """

    def __init__(
        self,
        model: keras.Model,
        optimizer: keras.optimizers.Optimizer,
        *,
        label_smoothing: float = 0.0,
        xla: bool = False,
    ) -> None:
        self.model = model
        self.optimizer = optimizer
        self.label_smoothing = label_smoothing
        self.xla = xla
        optimizer.build(model.trainable_variables)
        self._loss = tf.Variable(0.0, dtype=tf.float64, trainable=False)
        self._counts = tf.Variable([0, 0, 0, 0], dtype=tf.int64, trainable=False)
        self._update: Callable[[Any, Any], None] | None = None

    def __call__(self, images: Any, labels: Any) -> None:
        """Update the weights once.

        Args:
            images: uint8 or float [b, h, w, 3], RGB values 0..255.
            labels: int [b], 0..classes − 1.
        """
        if self._update is None:
            self._update = self._compiled(images, labels)
        self._update(images, labels)

    def set_phase(self, *, alpha: float, learning_rate: float) -> None:
        """Set the two numbers that a phase of a schedule consists of; a learned alpha stays."""
        if self.learned_alpha is None:
            self.model.alpha.assign(alpha)
        self.optimizer.learning_rate = learning_rate

    @property
    def learned_alpha(self) -> float | None:
        """The model's alpha if it is trained with the weights, else None."""
        return float(self.model.alpha.numpy()) if self.model.alpha.trainable else None

    def totals(self) -> Totals:
        """Read the sums; waits for the steps under way."""
        correct, examples, bad, steps = (int(n) for n in self._counts.numpy())
        return Totals(float(self._loss.numpy()), correct, examples, bad, steps)

    def reset(self, totals: Totals | None = None) -> None:
        """Set the sums to zero, or to those of an interrupted epoch."""
        start = totals or Totals(0.0, 0, 0, 0, 0)
        self._loss.assign(start.loss)
        self._counts.assign([start.correct, start.examples, start.first_bad_step, start.steps])

    def _compiled(self, images: Any, labels: Any) -> Callable[[Any, Any], None]:
        """`_step` for images of this size and batches of any, so that it is traced once."""
        signature = [
            tf.TensorSpec([None, *array.shape[1:]], array.dtype) for array in (images, labels)
        ]
        return tf.function(self._step, input_signature=signature, jit_compile=self.xla or None)

    def _step(self, images: tf.Tensor, labels: tf.Tensor) -> None:
        variables = self.model.trainable_variables
        with tf.GradientTape() as tape:
            logits = self.model(tf.cast(images, tf.float32), training=True)
            losses = cross_entropy(labels, tf.cast(logits, tf.float32), self.label_smoothing)
            scaled_loss = self.optimizer.scale_loss(tf.reduce_mean(losses))
        self.optimizer.apply(tape.gradient(scaled_loss, variables), variables)
        self._count(losses, logits, labels)

    def _count(self, losses: tf.Tensor, logits: tf.Tensor, labels: tf.Tensor) -> None:
        total = tf.reduce_sum(tf.cast(losses, tf.float64))
        predicted = tf.argmax(logits, axis=-1, output_type=labels.dtype)
        correct = tf.reduce_sum(tf.cast(predicted == labels, tf.int64))
        _, _, bad, steps = tf.unstack(self._counts)
        is_first = tf.logical_and(bad == 0, tf.logical_not(tf.math.is_finite(total)))
        self._loss.assign_add(total)
        self._counts.assign_add(
            tf.stack(
                [
                    correct,
                    tf.shape(labels, out_type=tf.int64)[0],
                    tf.where(is_first, steps + 1, tf.zeros_like(steps)),
                    tf.ones_like(steps),
                ]
            )
        )
