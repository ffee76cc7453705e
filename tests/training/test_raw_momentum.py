"""The optimiser against TensorFlow 1's, across a cut of the learning rate."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf

from hsm.training import RawMomentumSGD

GRADIENTS = np.random.default_rng(0).normal(size=(12, 3)).astype(np.float32)
# As at the heat-up switch, in the middle.
RATES = [0.004] * 6 + [0.0004] * 6


def path(optimizer, gradients=GRADIENTS, rates=RATES):
    """The variable after every update."""
    variable, found = keras.Variable(np.ones(3, np.float32)), []
    optimizer.build([variable])
    for gradient, rate in zip(gradients, rates, strict=True):
        optimizer.learning_rate = rate
        optimizer.apply([tf.constant(gradient)], [variable])
        found.append(np.asarray(variable))
    return np.array(found)


def tensorflow_1(make, rates=RATES):
    """The same with an optimiser of TensorFlow 1."""
    rate, found = tf.Variable(0.0), []
    optimizer, variable = make(lambda: rate), tf.Variable(np.ones(3, np.float32))
    for gradient, value in zip(GRADIENTS, rates, strict=True):
        rate.assign(value)
        optimizer.apply_gradients([(tf.constant(gradient), variable)])
        found.append(variable.numpy())
    return np.array(found)


def closed_form(rates=RATES):
    weights, accumulated, found = np.ones(3), np.zeros(3), []
    for gradient, rate in zip(GRADIENTS.astype(np.float64), rates, strict=True):
        accumulated = 0.9 * accumulated + gradient
        weights = weights - rate * accumulated
        found.append(weights)
    return np.array(found)


def test_it_is_tensorflow_1s_momentum_across_a_cut():
    found = path(RawMomentumSGD(0.004, momentum=0.9))
    np.testing.assert_allclose(found, closed_form(), rtol=1e-6)
    expected = tensorflow_1(lambda rate: tf.compat.v1.train.MomentumOptimizer(rate, 0.9))
    np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_keras_sgd_is_the_same_until_the_cut_and_not_after_it():
    ours = path(RawMomentumSGD(0.004, momentum=0.9))
    kerass = path(keras.optimizers.SGD(0.004, momentum=0.9))
    np.testing.assert_allclose(ours[:6], kerass[:6], rtol=1e-6)
    steps = [np.abs(np.diff(weights, axis=0)).max(axis=1) for weights in (ours, kerass)]
    # In the first step after the cut, Keras still moves with nine tenths of the old one.
    assert steps[1][5] > 3 * steps[0][5]


def test_it_is_keras_sgd_with_slots_scaled_at_the_cut():
    """What TensorFlow 1's form amounts to in Keras' one."""
    scaled, variable = (
        keras.optimizers.SGD(0.004, momentum=0.9),
        keras.Variable(np.ones(3, np.float32)),
    )
    scaled.build([variable])
    found = []
    for index, gradient in enumerate(GRADIENTS):
        if index == 6:
            scaled.learning_rate = 0.0004
            scaled.momentums[0].assign(scaled.momentums[0] * (0.0004 / 0.004))
        scaled.apply([tf.constant(gradient)], [variable])
        found.append(np.asarray(variable))
    np.testing.assert_allclose(path(RawMomentumSGD(0.004)), np.array(found), rtol=1e-6)


def test_without_momentum_it_is_gradient_descent():
    found = path(RawMomentumSGD(0.004, momentum=0.0))
    expected = 1 - np.cumsum(np.array(RATES)[:, None] * GRADIENTS, axis=0)
    np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_keras_adam_with_the_products_epsilon_is_tensorflow_1s():
    rates = [0.01] * 6 + [0.001] * 6
    found = path(keras.optimizers.Adam(0.01, epsilon=0.01), rates=rates)
    expected = tensorflow_1(lambda r: tf.compat.v1.train.AdamOptimizer(r, epsilon=0.01), rates)
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_it_is_saved_and_made_again():
    optimizer = RawMomentumSGD(0.1, momentum=0.7)
    again = keras.optimizers.deserialize(keras.optimizers.serialize(optimizer))
    assert isinstance(again, RawMomentumSGD)
    assert again.momentum == 0.7


def test_nesterov_is_refused():
    with pytest.raises(ValueError, match="expected nesterov=False"):
        RawMomentumSGD(0.1, momentum=0.9, nesterov=True)
