"""A loss's value and gradient, and the gradient of a NumPy function to compare it with."""

from __future__ import annotations

import numpy as np
import tensorflow as tf


def value_and_gradient(loss, labels, outputs):
    """The value, and the gradient with respect to the model's output, as NumPy arrays."""
    outputs = tf.constant(outputs)
    with tf.GradientTape() as tape:
        tape.watch(outputs)
        value = loss(labels, outputs)
    return value.numpy(), tape.gradient(value, outputs).numpy()


def numerical_gradient(function, point, step=1e-6):
    """Central differences of a float64 function at `point`: what it selects stays as it is."""
    gradient = np.zeros(point.shape)
    for index in np.ndindex(point.shape):
        offset = np.zeros(point.shape)
        offset[index] = step
        gradient[index] = (function(point + offset) - function(point - offset)) / (2 * step)
    return gradient


def check_against(oracle, loss, labels, outputs, *, rtol=1e-4):
    """Hold that value and gradient are those of `oracle`, a slow float64 function of the output."""
    outputs = outputs.astype(np.float32)
    exact = outputs.astype(np.float64)
    value, gradient = value_and_gradient(loss, labels, outputs)
    np.testing.assert_allclose(value, oracle(exact), rtol=rtol, atol=1e-5)
    expected = numerical_gradient(oracle, exact)
    np.testing.assert_allclose(gradient, expected, rtol=rtol, atol=rtol * np.abs(expected).max())
    assert np.abs(expected).max() > 0
