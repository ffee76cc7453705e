"""The output in slices: the whole batch's gradient, and each slice's state moved once."""

from __future__ import annotations

import itertools

import keras
import numpy as np
import pytest
import tensorflow as tf

from hsm.losses import DeepSpectralClustering, LiftedStructure
from hsm.training.objective import OutputObjective
from hsm.training.step import TrainStep
from hsm.training.two_pass import two_pass_output

LABELS = np.arange(13, dtype=np.int32) % 3


def images(size=13, seed=0):
    generator = np.random.default_rng(seed)
    return tf.constant(generator.uniform(0, 255, (size, 6, 6, 3)).astype(np.float32))


def network(*, coupled):
    """A small one; `coupled` by batch normalisation, and with dropout."""
    keras.utils.set_random_seed(0)
    inputs = keras.Input((6, 6, 3))
    x = keras.layers.Rescaling(1 / 255)(inputs)
    x = keras.layers.Conv2D(4, 3, activation="relu")(x)
    if coupled:
        x = keras.layers.BatchNormalization(momentum=0.9)(x)
    # Not their mean, which is nearly the same for all.
    x = keras.layers.Flatten()(x)
    if coupled:
        x = keras.layers.Dropout(0.5, seed=3)(x)
    return keras.Model(inputs, keras.layers.Dense(3)(x))


def gradients_of(model, loss, output):
    """By the weights, compiled as a step compiles it."""

    @tf.function(input_signature=[tf.TensorSpec([None, 6, 6, 3]), tf.TensorSpec([None], tf.int32)])
    def graph(batch, labels):
        with tf.GradientTape() as tape:
            value = loss(labels, output(batch))
        return value, tape.gradient(value, model.trainable_variables)

    value, gradients = graph(images(), LABELS)
    return float(value), [np.asarray(gradient) for gradient in gradients]


@pytest.mark.parametrize("slice_size", [1, 5, 40])
@pytest.mark.parametrize("loss", [DeepSpectralClustering(), LiftedStructure()])
def test_without_coupling_it_is_the_gradient_of_the_whole_batch(loss, slice_size):
    model = network(coupled=False)
    value, found = gradients_of(
        model,
        loss,
        lambda batch: two_pass_output(model, batch, slice_size=slice_size, training=True),
    )
    whole, expected = gradients_of(model, loss, lambda batch: model(batch, training=True))
    assert value == pytest.approx(whole, rel=1e-5)
    largest = max(np.abs(gradient).max() for gradient in expected)
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5 * largest)


def test_with_coupling_it_is_that_of_slices_which_move_the_state_once():
    """Batch statistics of each slice; averages and dropout's random numbers as of four batches."""
    model, same = network(coupled=True), network(coupled=True)
    loss = DeepSpectralClustering()
    value, found = gradients_of(
        model, loss, lambda batch: two_pass_output(model, batch, slice_size=4, training=True)
    )
    cuts = [0, 3, 6, 9, 13]
    parts = [slice(start, stop) for start, stop in itertools.pairwise(cuts)]
    with tf.GradientTape() as tape:
        whole = loss(LABELS, tf.concat([same(images()[p], training=True) for p in parts], axis=0))
    assert value == pytest.approx(float(whole), rel=1e-4)
    for one, other in zip(found, tape.gradient(whole, same.trainable_variables), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-3, atol=1e-3 * np.abs(other).max() + 1e-6)
    assert len(model.non_trainable_variables) == 3
    for one, other in zip(model.non_trainable_variables, same.non_trainable_variables, strict=True):
        np.testing.assert_allclose(np.asarray(one), np.asarray(other), rtol=1e-6)


def test_no_pass_sees_more_than_a_slice():
    seen = []

    class Watched(keras.layers.Layer):
        def call(self, x):
            seen.append(x.shape[0])
            return keras.ops.mean(x, axis=(1, 2))

    inputs = keras.Input((6, 6, 3))
    model = keras.Model(inputs, keras.layers.Dense(2)(Watched()(inputs)))
    seen.clear()
    with tf.GradientTape() as tape:
        value = tf.reduce_sum(two_pass_output(model, images(), slice_size=5, training=True) ** 2)
    tape.gradient(value, model.trainable_variables)
    assert seen == [4, 4, 5] * 2


@pytest.mark.parametrize("size", [13, 8])
def test_a_step_in_slices_is_the_step_of_the_whole_batch(size):
    weights = []
    for slice_size in (None, 4):
        model = network(coupled=False)
        inner = keras.optimizers.SGD(0.1, momentum=0.9)
        optimizer = keras.optimizers.LossScaleOptimizer(inner, initial_scale=2.0**10)
        objective = OutputObjective(DeepSpectralClustering(), slice_size=slice_size)
        step = TrainStep(model, optimizer, objective=objective)
        for seed in range(2):
            step(images(size, seed), LABELS[:size])
        assert step._update.experimental_get_tracing_count() == 1
        weights.append([np.asarray(variable) for variable in model.trainable_variables])
    for one, other in zip(*weights, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-3, atol=1e-5)


def test_a_slice_of_nothing_is_refused():
    with pytest.raises(ValueError, match=r"slice_size to be at least 1. Received: slice_size=0"):
        two_pass_output(network(coupled=False), images(), slice_size=0, training=True)
