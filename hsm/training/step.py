"""One `tf.function` update over (model, optimiser, alpha)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras
import tensorflow as tf

from hsm.layers.backend import require_tensorflow
from hsm.training.devices import Devices
from hsm.training.objective import BatchLoss, Objective, SoftmaxObjective
from hsm.training.replicas import NeverEmpty, average_statistics


@dataclass(frozen=True)
class Totals:
    """Sums over what was seen since the last reset.

    Attributes:
        loss: sum of the loss's terms.
        correct: examples that were classified rightly, or what else the objective counts.
        examples: examples seen.
        first_bad_step: 1-based step of the first loss that was not finite; 0 if there was none.
        steps: steps since the reset.
        terms: terms of the loss: examples, pairs or batches.
    """

    loss: float
    correct: int
    examples: int
    first_bad_step: int
    steps: int
    terms: float

    @property
    def mean_loss(self) -> float:
        """Mean loss of a term; of a cross entropy an example's, in nats."""
        return self.loss / max(self.terms, 1)

    @property
    def accuracy(self) -> float:
        """Share of examples that were classified rightly, 0..1."""
        return self.correct / max(self.examples, 1)


class TrainStep:
    """One gradient step on an objective, compiled once.

    alpha and the learning rate are variables, so that changing them traces nothing anew. Loss and
    hits are summed on the device and read by `totals()`: a step never waits for the host.

    A variable with an attribute `rate_multiplier`, as the proxies of `hsm.layers.Proxies` have,
    moves by that many times what the optimiser moves it.

    Args:
        model: maps float32 images [b, h, w, 3] of RGB values 0..255 to what `objective` takes.
        optimizer: a Keras optimiser; one with loss scaling is used as such.
        objective: what is minimised; None is the softmax cross entropy of the model's logits.
        xla: compile the step with XLA.
        devices: where it runs; the model was made in their scope. None is one device. The gradient
            is that of the loss over the batches of all of them.

    Raises:
        RuntimeError: if Keras is not on TensorFlow.
    """

    def __init__(
        self,
        model: keras.Model,
        optimizer: keras.optimizers.Optimizer,
        *,
        objective: Objective | None = None,
        xla: bool = False,
        devices: Devices | None = None,
    ) -> None:
        require_tensorflow("TrainStep")
        self.model = model
        self.optimizer = optimizer
        self.objective = objective or SoftmaxObjective()
        self.xla = xla
        self.devices = devices or Devices()
        with self.devices.scope():
            optimizer.build(model.trainable_variables)
            # The loss's sum and its terms.
            self._loss = tf.Variable([0.0, 0.0], dtype=tf.float64, trainable=False)
            self._counts = tf.Variable([0, 0, 0, 0], dtype=tf.int64, trainable=False)
        self._update: Callable[[Any, Any], None] | None = None

    def __call__(self, images: Any, labels: Any) -> None:
        """Update the weights once.

        Args:
            images: uint8 or float [b, h, w, 3], RGB values 0..255; of several devices, what
                `Devices.place` made of them.
            labels: int [b], 0..classes − 1; likewise.
        """
        if self._update is None:
            self._update = self.devices.run(self._step, images, labels, xla=self.xla)
        self._update(images, labels)

    def set_phase(self, *, alpha: float, learning_rate: float) -> None:
        """Set the two numbers that a phase of a schedule consists of.

        A learned alpha stays; a model without one has none to set.
        """
        if self.alpha is not None and not self.alpha.trainable:
            self.alpha.assign(alpha)
        self.optimizer.learning_rate = learning_rate

    @property
    def alpha(self) -> keras.Variable | None:
        """The model's alpha, or None if it has none."""
        return getattr(self.model, "alpha", None)

    @property
    def learned_alpha(self) -> float | None:
        """The model's alpha if it is trained with the weights, else None."""
        return None if self.alpha is None or not self.alpha.trainable else float(self.alpha.numpy())

    def totals(self) -> Totals:
        """Read the sums; waits for the steps under way."""
        correct, examples, bad, steps = (int(n) for n in self._counts.numpy())
        loss, terms = (float(x) for x in self._loss.numpy())
        return Totals(loss, correct, examples, bad, steps, terms)

    def reset(self, totals: Totals | None = None) -> None:
        """Set the sums to zero, or to those of an interrupted epoch."""
        start = totals or Totals(0.0, 0, 0, 0, 0, 0.0)
        self._loss.assign([start.loss, start.terms])
        self._counts.assign([start.correct, start.examples, start.first_bad_step, start.steps])

    def _step(self, images: tf.Tensor, labels: tf.Tensor) -> None:
        variables = self.model.trainable_variables
        model = self.model if self.devices.count == 1 else NeverEmpty(self.model)
        with tf.GradientTape() as tape:
            loss = self.objective(model, tf.cast(images, tf.float32), labels, training=True)
            sums = self.devices.reduce(_sums(loss, labels))
            scaled_loss = self.optimizer.scale_loss(loss.total / tf.cast(sums[1], tf.float32))
        gradients = tape.gradient(scaled_loss, variables)
        if self.devices.count > 1:
            gradients = self._of_all_finite(gradients)
            share = tf.cast(tf.shape(labels)[0], tf.float64) / sums[3]
            average_statistics(self.model, self.devices, weight=share)
        self._apply(gradients, variables)
        self._count(sums)

    def _apply(self, gradients: list[tf.Tensor], variables: list[keras.Variable]) -> None:
        """Update `variables`, those with a rate of their own by a multiple.

        The optimiser sums gradients over the devices.
        """
        own = [v for v in variables if getattr(v, "rate_multiplier", 1.0) != 1.0]
        before = [tf.identity(v.value) for v in own]
        self.optimizer.apply(gradients, variables)
        for variable, start in zip(own, before, strict=True):
            variable.assign(start + variable.rate_multiplier * (variable.value - start))

    def _of_all_finite(self, gradients: list[tf.Tensor]) -> list[tf.Tensor]:
        """Return `gradients`, none of which is finite on any device if one of another's is not.

        Loss scaling looks at the gradients of one device only.
        """
        if not isinstance(self.optimizer, keras.optimizers.LossScaleOptimizer):
            return gradients
        sums = [tf.reduce_sum(tf.cast(g, tf.float32)) * 0.0 for g in gradients if g is not None]
        flag = self.devices.reduce(tf.add_n(sums))
        return [None if g is None else g + tf.cast(flag, g.dtype) for g in gradients]

    def _count(self, sums: tf.Tensor) -> None:
        _, _, bad, steps = tf.unstack(self._counts)
        is_first = tf.logical_and(bad == 0, tf.logical_not(tf.math.is_finite(sums[0])))
        self._loss.assign_add(sums[:2])
        hits, examples = tf.unstack(tf.cast(sums[2:], tf.int64))
        bad_now = tf.where(is_first, steps + 1, tf.zeros_like(steps))
        self._counts.assign_add(tf.stack([hits, examples, bad_now, tf.ones_like(steps)]))


def _sums(loss: BatchLoss, labels: tf.Tensor) -> tf.Tensor:
    """Return total, terms, hits and images of a batch, float64 [4], which holds them exactly."""
    hits = 0 if loss.hits is None else loss.hits
    numbers = (loss.total, loss.count, hits, tf.shape(labels)[0])
    return tf.stack([tf.cast(number, tf.float64) for number in numbers])
