"""ScalelessBatchNorm against equation 13 in float64."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from hsm.layers import ScalelessBatchNorm

X = np.random.default_rng(0).normal(3.0, 5.0, size=(32, 16))
BETA = np.random.default_rng(1).normal(size=16)


def layer_with_beta(**arguments):
    layer = ScalelessBatchNorm(**arguments)
    layer.build(X.shape)
    layer.batch_norm.beta.assign(BETA)
    return layer


def closed_form(f, mean, variance, beta):
    return ((f - mean) / np.sqrt(variance + 1e-3) + beta) / np.sqrt(f.shape[-1])


def test_training_equals_equation_13():
    expected = closed_form(X, X.mean(0), X.var(0), BETA)
    np.testing.assert_allclose(layer_with_beta()(X, training=True), expected, atol=1e-6)


def test_inference_uses_the_moving_averages():
    layer = layer_with_beta()
    for _ in range(2):
        layer(X, training=True)
    decay = 0.95**2
    mean = (1 - decay) * X.mean(0)
    variance = decay + (1 - decay) * X.var(0)  # From 1; the biased variance.
    np.testing.assert_allclose(layer.batch_norm.moving_mean, mean, rtol=1e-5)
    np.testing.assert_allclose(layer.batch_norm.moving_variance, variance, rtol=1e-5)
    np.testing.assert_allclose(layer(X), closed_form(X, mean, variance, BETA), atol=1e-5)


def test_gradient_equals_batch_norms_closed_form():
    upstream = np.random.default_rng(2).normal(size=X.shape)
    x = tf.constant(X, tf.float32)
    with tf.GradientTape() as tape:
        tape.watch(x)
        loss = tf.reduce_sum(tf.cast(upstream, tf.float32) * layer_with_beta()(x, training=True))
    deviation = np.sqrt(X.var(0) + 1e-3)
    centred = (X - X.mean(0)) / deviation
    expected = upstream - upstream.mean(0) - centred * (upstream * centred).mean(0)
    expected /= deviation * np.sqrt(16)
    np.testing.assert_allclose(tape.gradient(loss, x), expected, atol=1e-5)


def test_mean_squared_length_is_one():
    lengths = np.square(ScalelessBatchNorm()(X, training=True)).sum(-1)
    np.testing.assert_allclose(lengths.mean(), 1.0, atol=1e-3)  # Short of 1 by epsilon.


def test_normalises_images_over_all_axes_but_the_last():
    x = np.random.default_rng(0).normal(size=(2, 3, 4, 5))
    expected = closed_form(x, x.mean((0, 1, 2)), x.var((0, 1, 2)), 0.0)
    np.testing.assert_allclose(ScalelessBatchNorm()(x, training=True), expected, atol=1e-6)


def test_learns_an_offset_and_no_scale():
    layer = ScalelessBatchNorm()
    layer.build((None, 4))
    assert [variable.name for variable in layer.trainable_variables] == ["beta"]
    uncentred = ScalelessBatchNorm(center=False)
    uncentred.build((None, 4))
    assert uncentred.trainable_variables == []


def test_float16_input_of_length_300_has_float32_statistics():
    x = (X * 300 / np.linalg.norm(X, axis=-1, keepdims=True)).astype(np.float16)
    layer = ScalelessBatchNorm(dtype="mixed_float16")
    with tf.GradientTape() as tape:
        inputs = tf.constant(x)
        tape.watch(inputs)
        y = layer(inputs, training=True)
        loss = tf.reduce_sum(y**3)
    wide = x.astype(np.float64)
    np.testing.assert_allclose(y, closed_form(wide, wide.mean(0), wide.var(0), 0.0), atol=1e-5)
    assert y.dtype == tf.float32
    assert all(variable.dtype == "float32" for variable in layer.variables)
    assert np.isfinite(tape.gradient(loss, inputs)).all()


def test_constant_batch_gives_the_offset_and_finite_gradients():
    x = tf.zeros((4, 16))
    layer = layer_with_beta()
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = layer(x, training=True)
        loss = tf.reduce_sum(y)
    np.testing.assert_allclose(y, np.tile(BETA / 4, (4, 1)), rtol=1e-6)
    assert np.isfinite(tape.gradient(loss, x)).all()


@pytest.mark.parametrize("shape", [(1, 16), (1, 1, 1, 16)])
def test_refuses_to_train_on_one_example(shape):
    with pytest.raises(ValueError, match=r"training batch of more than one.*Merge.*shape=\(1, "):
        ScalelessBatchNorm()(np.ones(shape), training=True)


def test_refuses_one_example_while_it_is_traced():
    layer = ScalelessBatchNorm()
    with pytest.raises(ValueError, match="training batch of more than one"):
        tf.function(lambda x: layer(x, training=True))(tf.ones((1, 16)))


def test_evaluates_one_example_and_trains_one_image():
    assert ScalelessBatchNorm()(np.ones((1, 16))).shape == (1, 16)
    assert ScalelessBatchNorm()(np.ones((1, 2, 2, 16)), training=True).shape == (1, 2, 2, 16)


def test_frozen_layer_keeps_its_averages_and_takes_one_example():
    layer = ScalelessBatchNorm()
    layer.trainable = False
    np.testing.assert_allclose(layer(X, training=True), closed_form(X, 0.0, 1.0, 0.0), atol=1e-5)
    assert layer(np.ones((1, 16)), training=True).shape == (1, 16)


@pytest.mark.parametrize("momentum", [-0.1, 1.0, float("nan")])
def test_refuses_momentum(momentum):
    with pytest.raises(ValueError, match=r"expected 0 <= momentum < 1.*Received: momentum="):
        ScalelessBatchNorm(momentum)


@pytest.mark.parametrize("epsilon", [0.0, -1e-3, float("nan"), float("inf")])
def test_refuses_epsilon(epsilon):
    with pytest.raises(ValueError, match=r"expected epsilon > 0 and finite.*Received: epsilon="):
        ScalelessBatchNorm(epsilon=epsilon)


@pytest.mark.parametrize("shape", [(None, None), (8,)])
def test_refuses_inputs_of_unknown_dimension(shape):
    with pytest.raises(ValueError, match=r"\(batch, ..., k\) with k known"):
        ScalelessBatchNorm().build(shape)


REPLICAS = """
import numpy as np, tensorflow as tf
from hsm.layers import ScalelessBatchNorm, TemperatureSoftmaxDense
cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
with strategy.scope():
    norm = ScalelessBatchNorm(synchronized=True)
    norm.build((None, 4))
    classifier = TemperatureSoftmaxDense(3)
    classifier.build((None, 4))
x = np.random.default_rng(0).normal(size=(2, 4)).astype(np.float32)

@tf.function
def step():
    def replica(context):
        one = tf.constant(x)[context.replica_id_in_sync_group][None]
        y = norm(one, training=True)
        return y, classifier(y)
    return strategy.run(lambda: replica(tf.distribute.get_replica_context()))

y, hot = (tf.concat(strategy.experimental_local_results(part), 0) for part in step())
expected = (x - x.mean(0)) / np.sqrt(x.var(0) + 1e-3) / 2
np.testing.assert_allclose(y, expected, atol=1e-5)
np.testing.assert_allclose(norm.batch_norm.moving_mean.numpy(), 0.05 * x.mean(0), rtol=1e-4)
classifier.alpha = 4.0
cool = tf.concat(strategy.experimental_local_results(step()[1]), 0)
np.testing.assert_allclose(cool, hot / 4, rtol=1e-5)
print("replicas agree")
"""


def test_synchronized_replicas_share_statistics_and_alpha():
    # Devices are fixed once TensorFlow has started: a process of its own.
    done = subprocess.run(
        [sys.executable, "-c", REPLICAS],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert "replicas agree" in done.stdout, done.stderr
