from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from hsm.layers.local_response_normalization import LocalResponseNormalization

# As large as the activations of GoogLeNet, so that the sum outweighs k.
SCALE = 300.0
SETTINGS = [
    {"size": 5},
    {"size": 3, "alpha": 0.5, "k": 2.0},
    {"size": 5, "beta": 0.5},
    {"size": 7, "alpha": 0.01, "beta": 1.2},
    {"size": 1},
]


def random_pair(channels, dtype=tf.float32):
    """Returns an input and an upstream gradient."""
    rng = np.random.default_rng(channels)
    shape = (2, 3, 4, channels)
    return (
        tf.constant(rng.normal(size=shape) * SCALE, dtype),
        tf.constant(rng.normal(size=shape), dtype),
    )


def value_and_gradient(function, x, upstream):
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = function(x)
    return y, tape.gradient(y, x, upstream)


def tensorflow(x, size=5, alpha=1e-4, beta=0.75, k=1.0):
    return tf.nn.local_response_normalization(x, size // 2, k, alpha / size, beta)


def naive(x, size=5, alpha=1e-4, beta=0.75, k=1.0):
    """Returns the formula in float64, channel by channel."""
    x = np.asarray(x, np.float64)
    y = np.empty_like(x)
    for c in range(x.shape[-1]):
        window = x[..., max(0, c - size // 2) : c + size // 2 + 1]
        y[..., c] = x[..., c] / (k + alpha / size * (window**2).sum(-1)) ** beta
    return y


@pytest.mark.parametrize("settings", SETTINGS, ids=str)
@pytest.mark.parametrize("channels", [1, 2, 4, 5, 8, 17, 64])
def test_values_and_gradients_equal_tensorflow(channels, settings):
    x, upstream = random_pair(channels)
    layer = LocalResponseNormalization(**settings)
    actual = value_and_gradient(layer, x, upstream)
    expected = value_and_gradient(lambda x: tensorflow(x, **settings), x, upstream)
    for a, b in zip(actual, expected, strict=True):
        assert np.abs(a - b).max() <= 1e-5 * np.abs(b).max()
    assert not np.allclose(actual[0], x, rtol=1e-2)


@pytest.mark.parametrize("settings", SETTINGS, ids=str)
def test_values_equal_the_formula_in_float64(settings):
    x, _ = random_pair(9)
    actual = LocalResponseNormalization(**settings)(x)
    np.testing.assert_allclose(actual, naive(x, **settings), rtol=1e-5)


@pytest.mark.parametrize("settings", SETTINGS[:4], ids=str)
def test_gradients_equal_finite_differences_of_the_formula(settings):
    x, upstream = (tensor[:1, :1, :1].numpy().astype(np.float64) for tensor in random_pair(7))
    _, actual = value_and_gradient(
        LocalResponseNormalization(**settings),
        tf.constant(x, tf.float32),
        tf.constant(upstream, tf.float32),
    )
    steps = 1e-3 * np.eye(7)
    expected = [
        (upstream * (naive(x + step, **settings) - naive(x - step, **settings))).sum() / 2e-3
        for step in steps
    ]
    np.testing.assert_allclose(np.ravel(actual), expected, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(
    ("policy", "dtype", "tolerance"),
    [("mixed_bfloat16", tf.bfloat16, 2e-2), ("mixed_float16", tf.float16, 2e-3)],
)
def test_narrow_dtypes_stay_near_float32(policy, dtype, tolerance):
    x, upstream = random_pair(64, dtype)
    layer = LocalResponseNormalization(dtype=policy)
    actual = value_and_gradient(layer, x, upstream)
    wide = (tf.cast(tensor, tf.float32) for tensor in (x, upstream))
    expected = value_and_gradient(tensorflow, *wide)
    for a, b in zip(actual, expected, strict=True):
        assert a.dtype == dtype
        assert np.abs(tf.cast(a, tf.float32) - b).max() <= tolerance * np.abs(b).max()


def test_float16_does_not_overflow_where_squares_would():
    x = tf.fill((1, 1, 1, 8), tf.constant(60000, tf.float16))
    y, gradient = value_and_gradient(LocalResponseNormalization(dtype="float16"), x, x)
    assert np.isfinite(y).all()
    assert np.isfinite(gradient).all()
    np.testing.assert_allclose(y, naive(x), rtol=1e-3)


def test_zeros_have_zero_output_and_the_gradient_of_the_identity():
    x = tf.zeros((1, 1, 1, 6))
    y, gradient = value_and_gradient(LocalResponseNormalization(), x, tf.ones_like(x))
    np.testing.assert_array_equal(y, x)
    np.testing.assert_allclose(gradient, np.ones_like(x), rtol=1e-6)


def test_gradient_inside_a_graph_of_unknown_batch_size():
    layer = LocalResponseNormalization()

    @tf.function(input_signature=[tf.TensorSpec((None, None, None, 8))])
    def graph(x):
        return tf.gradients(layer(x), x)[0]

    x, _ = random_pair(8)
    _, expected = value_and_gradient(tensorflow, x, tf.ones_like(x))
    np.testing.assert_allclose(graph(x), expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"size": 4}, "odd.*size=4"),
        ({"size": -1}, "odd.*size=-1"),
        ({"alpha": -0.1}, "expected alpha to be 0 or more.*alpha=-0.1"),
        ({"beta": 0.0}, "expected beta to be positive.*beta=0.0"),
        ({"k": 0.0}, "expected k to be positive.*k=0.0"),
    ],
)
def test_arguments_that_make_no_sense_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        LocalResponseNormalization(**arguments)
