"""The moving variance against TensorFlow 1's own fused kernel."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf

from hsm.layers import ScalelessBatchNorm, UnbiasedBatchNormalization

RNG = np.random.default_rng(0)
IMAGES = RNG.normal(3, 2, size=(4, 3, 2, 5)).astype(np.float32)
VECTORS = RNG.normal(3, 2, size=(6, 5)).astype(np.float32)


def fused(inputs):
    """TensorFlow 1's kernel: outputs, and the mean and variance that its averages take in."""
    images = inputs.reshape(len(inputs), -1, 1, inputs.shape[-1])
    outputs, mean, variance = tf.compat.v1.nn.fused_batch_norm(
        images, scale=np.ones(5, np.float32), offset=np.zeros(5, np.float32), epsilon=1e-3
    )
    return np.reshape(outputs, inputs.shape), mean, variance


@pytest.mark.parametrize("inputs", [IMAGES, VECTORS], ids=["images", "vectors"])
def test_outputs_and_averages_are_the_fused_kernels(inputs):
    layer = UnbiasedBatchNormalization(momentum=0.9, epsilon=1e-3)
    expected, mean, variance = fused(inputs)
    np.testing.assert_allclose(layer(inputs, training=True), expected, atol=1e-5)
    np.testing.assert_allclose(layer.moving_mean, 0.1 * mean, rtol=1e-5)
    np.testing.assert_allclose(layer.moving_variance, 0.9 + 0.1 * variance, rtol=1e-5)


def test_the_correction_is_n_over_n_minus_one():
    layers = [
        make(momentum=0.0) for make in (UnbiasedBatchNormalization, keras.layers.BatchNormalization)
    ]
    for layer in layers:
        layer(VECTORS, training=True)
    ours, kerass = (np.asarray(layer.moving_variance) for layer in layers)
    np.testing.assert_allclose(ours / kerass, 6 / 5, rtol=1e-5)


def test_batches_of_different_sizes_in_one_graph():
    layer = UnbiasedBatchNormalization(momentum=0.5)
    layer.build((None, 5))
    step = tf.function(
        lambda x: layer(x, training=True), input_signature=[tf.TensorSpec([None, 5], tf.float32)]
    )
    expected = np.ones(5)
    for size in (6, 3, 2):
        step(VECTORS[:size])
        expected = 0.5 * expected + 0.5 * VECTORS[:size].astype(np.float64).var(axis=0, ddof=1)
    np.testing.assert_allclose(layer.moving_variance, expected, rtol=1e-5)


def test_of_a_single_value_the_variance_stays_finite():
    layer = UnbiasedBatchNormalization(momentum=0.5)
    layer(VECTORS[:1], training=True)
    np.testing.assert_allclose(layer.moving_variance, 0.5)


@pytest.mark.parametrize("frozen", [False, True])
def test_nothing_moves_out_of_training_or_when_frozen(frozen):
    layer = UnbiasedBatchNormalization(trainable=not frozen)
    layer(VECTORS, training=frozen)
    np.testing.assert_array_equal(layer.moving_variance, np.ones(5))


def test_scaleless_batch_norm_passes_it_on():
    layer = ScalelessBatchNorm(momentum=0.0, unbiased_variance=True)
    layer(VECTORS, training=True)
    expected = VECTORS.astype(np.float64).var(axis=0, ddof=1)
    np.testing.assert_allclose(layer.batch_norm.moving_variance, expected, rtol=1e-5)


def test_replicas_that_share_statistics_are_refused():
    with pytest.raises(ValueError, match="expected synchronized=False, .*of one replica"):
        UnbiasedBatchNormalization(synchronized=True)
