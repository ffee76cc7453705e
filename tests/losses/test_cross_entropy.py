"""The loss against Keras' and against its formula in float64."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf

from hsm.losses import cross_entropy

LOGITS = np.random.default_rng(0).normal(scale=5, size=(6, 4)).astype(np.float32)
LABELS = np.array([0, 1, 2, 3, 0, 2], np.int32)


@pytest.mark.parametrize("smoothing", [0.0, 0.1, 0.5])
def test_it_is_keras_categorical_cross_entropy(smoothing):
    loss = keras.losses.CategoricalCrossentropy(
        from_logits=True, label_smoothing=smoothing, reduction=None
    )
    expected = loss(keras.ops.one_hot(LABELS, 4), LOGITS)
    np.testing.assert_allclose(cross_entropy(LABELS, LOGITS, smoothing), expected, rtol=1e-5)


def test_without_smoothing_it_is_minus_the_log_of_the_labels_share():
    shares = np.exp(LOGITS.astype(np.float64))
    shares /= shares.sum(axis=1, keepdims=True)
    found = cross_entropy(LABELS, LOGITS)
    np.testing.assert_allclose(found, -np.log(shares[np.arange(6), LABELS]), rtol=1e-5)


def test_the_gradient_is_the_softmax_minus_the_smoothed_label():
    logits = tf.constant(LOGITS)
    with tf.GradientTape() as tape:
        tape.watch(logits)
        loss = tf.reduce_sum(cross_entropy(LABELS, logits, 0.1))
    target = 0.9 * np.eye(4)[LABELS] + 0.1 / 4
    expected = tf.nn.softmax(LOGITS) - target
    np.testing.assert_allclose(tape.gradient(loss, logits), expected, atol=1e-6)


@pytest.mark.parametrize("smoothing", [-0.1, 1.0])
def test_a_share_out_of_range_is_refused(smoothing):
    message = f"expected label_smoothing to be 0 or more and less than 1. Received: .*={smoothing}"
    with pytest.raises(ValueError, match=message):
        cross_entropy(LABELS, LOGITS, smoothing)
