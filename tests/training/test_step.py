"""The update: its arithmetic, its sums, and that alpha and rate trace nothing anew."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf
from support.tiny_model import make_batches, make_model

from hsm.models import HeadOptions
from hsm.training.objective import SoftmaxObjective
from hsm.training.step import Totals, TrainStep


class _Linear(keras.Model):
    """Logits alpha * x @ w of the first pixel row, without anything else."""

    def __init__(self):
        super().__init__(name="linear")
        self.w = self.add_weight(shape=(3, 2), initializer="ones", name="w")
        self.alpha = tf.Variable(2.0, trainable=False)
        self.built = True

    def call(self, images, training=False):
        return self.alpha * (images[:, 0, 0, :] @ self.w)


def _linear_step(optimizer):
    step = TrainStep(_Linear(), optimizer)
    step.set_phase(alpha=2.0, learning_rate=0.1)
    return step


def test_sgd_with_momentum_is_its_closed_form():
    step = _linear_step(keras.optimizers.SGD(0.1, momentum=0.9))
    generator = np.random.default_rng(0)
    weights, velocity = np.ones((3, 2)), np.zeros((3, 2))
    for alpha, rate in ((2.0, 0.1), (2.0, 0.1), (0.5, 0.01)):
        step.set_phase(alpha=alpha, learning_rate=rate)
        x, labels = generator.normal(size=(4, 3)), np.array([0, 1, 1, 0])
        step(x.reshape(4, 1, 1, 3).astype(np.float32), labels.astype(np.int32))
        z = alpha * x @ weights
        p = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
        gradient = alpha * x.T @ (p - np.eye(2)[labels]) / 4
        velocity = 0.9 * velocity - rate * gradient
        weights = weights + velocity
    np.testing.assert_allclose(np.asarray(step.model.w), weights, atol=1e-6)


def test_smoothed_labels_are_those_of_the_closed_form():
    step = TrainStep(_Linear(), keras.optimizers.SGD(0.1), objective=SoftmaxObjective(0.1))
    step.set_phase(alpha=2.0, learning_rate=0.1)
    x, labels = np.random.default_rng(0).normal(size=(4, 3)), np.array([0, 1, 1, 0])
    step(x.reshape(4, 1, 1, 3).astype(np.float32), labels.astype(np.int32))
    target = 0.9 * np.eye(2)[labels] + 0.05
    gradient = 2.0 * x.T @ (0.5 - target) / 4
    np.testing.assert_allclose(np.asarray(step.model.w), 1 - 0.1 * gradient, atol=1e-6)
    assert step.totals().mean_loss == pytest.approx(np.log(2), abs=1e-6)


def test_a_learned_alpha_is_updated_and_not_set():
    model = make_model("LN", options=HeadOptions(learn_alpha=True))
    model.alpha = 1.0
    step = TrainStep(model, keras.optimizers.SGD(0.1))
    step.set_phase(alpha=16.0, learning_rate=0.1)
    assert step.learned_alpha == 1.0
    step(*next(make_batches().batches(1, 0)))
    assert step.learned_alpha != 1.0
    assert TrainStep(make_model("LN"), keras.optimizers.SGD(0.1)).learned_alpha is None


def test_totals_are_sums_over_examples():
    step = _linear_step(keras.optimizers.SGD(1e-12))
    # Equal logits: every loss is log 2, and the first class is predicted.
    x = np.zeros((3, 1, 1, 3), np.float32)
    for labels in ([0, 0, 1], [1, 1, 1]):
        step(x, np.array(labels, np.int32))
    totals = step.totals()
    assert totals.mean_loss == pytest.approx(np.log(2), abs=1e-6)
    assert (totals.correct, totals.examples, totals.steps) == (2, 6, 2)
    assert totals.accuracy == pytest.approx(1 / 3)
    step.reset()
    assert step.totals() == Totals(0.0, 0, 0, 0, 0, 0.0)
    step.reset(totals)
    assert step.totals() == totals


def test_changing_alpha_rate_and_batch_size_traces_nothing_anew():
    step = TrainStep(make_model("LN"), keras.optimizers.SGD(0.1, momentum=0.9))
    images, labels = next(make_batches().batches(1, 0))
    for alpha, rate, size in ((16.0, 0.1, 8), (4.0, 0.01, 8), (2.0, 0.001, 5)):
        step.set_phase(alpha=alpha, learning_rate=rate)
        step(images[:size], labels[:size])
    assert step._update.experimental_get_tracing_count() == 1


def test_alpha_decides_the_gradient():
    def change(alpha):
        step = TrainStep(make_model("LN"), keras.optimizers.SGD(0.1))
        before = np.asarray(step.model.bottleneck.kernel)
        step.set_phase(alpha=alpha, learning_rate=0.1)
        step(*next(make_batches().batches(1, 0)))
        return np.abs(np.asarray(step.model.bottleneck.kernel) - before).max()

    assert change(16.0) > 2 * change(1.0) > 0


@pytest.mark.parametrize("optimizer", ["SGD", "Adam"])
def test_loss_scaling_skips_an_overflow_and_goes_on(optimizer):
    inner = getattr(keras.optimizers, optimizer)(0.1)
    step = _linear_step(keras.optimizers.LossScaleOptimizer(inner, initial_scale=2.0**15))
    before = np.asarray(step.model.w)
    step(np.full((1, 1, 1, 3), 1e38, np.float32), np.array([1], np.int32))
    np.testing.assert_array_equal(np.asarray(step.model.w), before)
    step(np.ones((1, 1, 1, 3), np.float32), np.array([1], np.int32))
    assert np.isfinite(np.asarray(step.model.w)).all()
    assert not np.array_equal(np.asarray(step.model.w), before)


def test_the_first_bad_step_is_remembered():
    step = _linear_step(keras.optimizers.SGD(0.1))
    labels = np.array([0], np.int32)
    for value in (1.0, 1.0, np.nan, 1.0):
        step(np.full((1, 1, 1, 3), value, np.float32), labels)
    assert step.totals().first_bad_step == 3


def test_xla_changes_the_speed_and_not_the_arithmetic():
    images, labels = next(iter(make_batches().batches(0, 0)))
    losses, weights = [], []
    for xla in (False, True):
        keras.utils.set_random_seed(0)
        step = TrainStep(make_model(), keras.optimizers.SGD(0.01, momentum=0.9), xla=xla)
        step.set_phase(alpha=16.0, learning_rate=0.01)
        for _ in range(3):
            step(images, labels)
        assert bool(step._update._jit_compile) == xla
        losses.append(step.totals().loss)
        weights.append(np.asarray(step.model.classifier.kernel))
    assert losses[0] == pytest.approx(losses[1], rel=1e-4)
    np.testing.assert_allclose(weights[0], weights[1], atol=1e-4)
