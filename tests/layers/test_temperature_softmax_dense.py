"""TemperatureSoftmaxDense against equations 1, 3 and 4 in float64."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf

from hsm.layers import TemperatureSoftmaxDense

RNG = np.random.default_rng(0)
X = RNG.normal(size=(6, 5))
KERNEL = RNG.normal(size=(5, 4))
BIAS = RNG.normal(size=4)
LABELS = np.array([0, 1, 2, 3, 0, 1])


def layer_with_weights(**arguments):
    layer = TemperatureSoftmaxDense(4, **arguments)
    layer.build((None, 5))
    layer.kernel.assign(KERNEL)
    if layer.use_bias:
        layer.bias.assign(BIAS)
    return layer


def unit_columns(kernel):
    return kernel / np.linalg.norm(kernel, axis=0)


def mean_cross_entropy(logits, labels):
    losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits)
    return tf.reduce_mean(losses)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({}, 16 * (X @ unit_columns(KERNEL) + BIAS)),
        ({"alpha": 4.0}, 4 * (X @ unit_columns(KERNEL) + BIAS)),
        ({"scale_bias": False}, 16 * (X @ unit_columns(KERNEL)) + BIAS),
        ({"use_bias": False}, 16 * (X @ unit_columns(KERNEL))),
        ({"normalize_kernel": False, "alpha": 1.0}, X @ KERNEL + BIAS),
    ],
    ids=["paper", "heated", "released-code", "no-bias", "plain-softmax"],
)
def test_logits_equal_the_formula(arguments, expected):
    np.testing.assert_allclose(layer_with_weights(**arguments)(X), expected, rtol=1e-5, atol=1e-5)


def test_softmax_activation_gives_equation_1():
    z = 4 * (X @ unit_columns(KERNEL) + BIAS)
    expected = np.exp(z) / np.exp(z).sum(-1, keepdims=True)
    actual = layer_with_weights(alpha=4.0, activation="softmax")(X)
    np.testing.assert_allclose(actual, expected, rtol=1e-5)


def test_gradients_equal_equations_3_and_4():
    layer = layer_with_weights(alpha=4.0, normalize_kernel=False)
    x = tf.constant(X, tf.float32)
    with tf.GradientTape() as tape:
        tape.watch(x)
        loss = mean_cross_entropy(layer(x), LABELS) * len(X)
    slope_x, slope_kernel, slope_bias = tape.gradient(loss, [x, layer.kernel, layer.bias])
    z = 4 * (X @ KERNEL + BIAS)
    error = np.exp(z) / np.exp(z).sum(-1, keepdims=True) - np.eye(4)[LABELS]
    np.testing.assert_allclose(slope_x, 4 * error @ KERNEL.T, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(slope_kernel, 4 * X.T @ error, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(slope_bias, 4 * error.sum(0), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("assign", ["property", "variable"])
def test_alpha_changes_without_a_retrace(assign):
    layer = layer_with_weights()
    optimizer = tf.Variable(0.0)
    traces = []

    @tf.function
    def step(x):
        traces.append(1)  # A Python side effect happens while tracing only.
        optimizer.assign_add(1.0)
        return layer(x)

    x = tf.constant(X, tf.float32)
    hot = step(x).numpy()
    kept = layer.alpha
    if assign == "property":
        layer.alpha = 4.0
    else:
        layer.alpha.assign(4.0)
    np.testing.assert_allclose(step(x).numpy(), hot / 4, rtol=1e-5, atol=1e-6)
    assert len(traces) == 1
    assert layer.alpha is kept
    assert float(layer.alpha) == 4.0


def test_alpha_is_not_trained_and_not_in_the_changed_config():
    layer = layer_with_weights()
    layer.alpha = 4.0
    assert [variable.name for variable in layer.trainable_variables] == ["kernel", "bias"]
    assert [variable.name for variable in layer.non_trainable_variables] == ["alpha"]
    assert layer.get_config()["alpha"] == 16.0


def test_alpha_is_saved_with_the_weights(tmp_path):
    model = keras.Sequential([keras.Input((5,)), layer_with_weights()])
    model.layers[0].alpha = 4.0
    model.save(tmp_path / "model.keras")
    model.save_weights(tmp_path / "model.weights.h5")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert float(loaded.layers[0].alpha) == 4.0
    loaded.layers[0].alpha = 16.0
    loaded.load_weights(tmp_path / "model.weights.h5")
    assert float(loaded.layers[0].alpha) == 4.0


def test_alpha_is_saved_in_a_checkpoint(tmp_path):
    layer = layer_with_weights()
    layer.alpha = 4.0
    path = tf.train.Checkpoint(layer=layer).write(str(tmp_path / "checkpoint"))
    restored = layer_with_weights()
    tf.train.Checkpoint(layer=restored).read(path).assert_consumed()
    assert float(restored.alpha) == 4.0


@pytest.mark.parametrize("policy", ["float32", "mixed_float16", "float16", "mixed_bfloat16"])
def test_alpha_64_under_a_loss_scale_is_finite(policy):
    layer = layer_with_weights(alpha=64.0, dtype=policy)
    x = tf.constant(X, tf.float32)
    with tf.GradientTape() as tape:
        tape.watch(x)
        loss = mean_cross_entropy(layer(x), LABELS) * 2.0**15
    for slope in tape.gradient(loss, [x, *layer.trainable_variables]):
        assert slope.dtype == tf.float32
        assert np.isfinite(slope).all()
        assert np.abs(slope).max() > 65504  # Beyond float16, so that float16 would have failed.


def test_float16_input_of_length_300_has_finite_logits_and_gradients():
    x = tf.constant(X / np.linalg.norm(X, axis=-1, keepdims=True) * 300, tf.float16)
    layer = TemperatureSoftmaxDense(4, alpha=64.0, dtype="mixed_float16")
    with tf.GradientTape() as tape:
        logits = layer(x)
        loss = mean_cross_entropy(logits, LABELS)
    expected = 64 * (x.numpy().astype(np.float64) @ unit_columns(layer.kernel.numpy()))
    np.testing.assert_allclose(logits, expected, rtol=1e-4, atol=1e-2)
    assert np.isfinite(tape.gradient(loss, layer.kernel)).all()


def test_one_class_has_probability_one_and_no_gradient():
    layer = TemperatureSoftmaxDense(1, alpha=64.0)
    with tf.GradientTape() as tape:
        logits = layer(X)
        loss = mean_cross_entropy(logits, np.zeros(len(X), np.int32))
    assert float(loss) == 0.0
    for slope in tape.gradient(loss, layer.trainable_variables):
        np.testing.assert_array_equal(slope, 0.0)


def test_zero_features_and_zero_kernel_have_finite_gradients():
    layer = TemperatureSoftmaxDense(4, alpha=64.0, kernel_initializer="zeros")
    x = tf.zeros((6, 5))
    with tf.GradientTape() as tape:
        tape.watch(x)
        logits = layer(x)
        loss = mean_cross_entropy(logits, LABELS)
    np.testing.assert_array_equal(logits, 0.0)
    for slope in tape.gradient(loss, [x, *layer.trainable_variables]):
        assert np.isfinite(slope).all()


def test_initial_class_weights_have_length_one_on_average():
    layer = TemperatureSoftmaxDense(1000)
    layer.build((None, 64))
    np.testing.assert_allclose(np.square(layer.kernel).sum(0).mean(), 1.0, rtol=0.02)
    np.testing.assert_array_equal(layer.bias, 0.0)


@pytest.mark.parametrize("alpha", [0.0, -4.0, float("nan"), float("inf")])
def test_refuses_alpha(alpha):
    with pytest.raises(ValueError, match=r"expected alpha > 0 and finite.*Received: alpha="):
        TemperatureSoftmaxDense(4, alpha)
    layer = TemperatureSoftmaxDense(4)
    with pytest.raises(ValueError, match="expected alpha > 0 and finite"):
        layer.alpha = alpha
    assert float(layer.alpha) == 16.0


@pytest.mark.parametrize("units", [0, -1, 2.5, True])
def test_refuses_units(units):
    with pytest.raises(ValueError, match=r"expected units.*Received: units="):
        TemperatureSoftmaxDense(units)


def test_refuses_inputs_of_unknown_dimension():
    with pytest.raises(ValueError, match="kernel has k rows"):
        TemperatureSoftmaxDense(4).build((None, None))


def test_numpy_integers_count_classes():
    assert TemperatureSoftmaxDense(np.int64(5)).get_config()["units"] == 5


@pytest.mark.parametrize("scale_bias", [True, False])
def test_a_learned_alpha_has_the_gradient_of_its_closed_form(scale_bias):
    layer = layer_with_weights(alpha=1.5, learn_alpha=True, scale_bias=scale_bias)
    with tf.GradientTape() as tape:
        loss = mean_cross_entropy(layer(X.astype(np.float32)), LABELS)
    found = tape.gradient(loss, layer.trainable_variables)
    scaled = X @ unit_columns(KERNEL) + (BIAS if scale_bias else 0)
    logits = 1.5 * scaled + (0 if scale_bias else BIAS)
    p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    expected = ((p - np.eye(4)[LABELS]) * scaled).sum(axis=1).mean()
    (alpha,) = [g for g, v in zip(found, layer.trainable_variables, strict=True) if v.shape == ()]
    np.testing.assert_allclose(alpha, expected, rtol=1e-4)


def test_alpha_is_trained_only_when_it_is_learned():
    assert layer_with_weights(learn_alpha=True).alpha.trainable
    fixed = layer_with_weights()
    assert not fixed.alpha.trainable
    assert len(fixed.trainable_variables) == 2
