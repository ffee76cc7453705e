"""L2Normalize against equations 11 and 12 in float64."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from hsm.layers import L2Normalize

X = np.random.default_rng(0).normal(size=(5, 7))
UPSTREAM = np.random.default_rng(1).normal(size=(5, 7))


def gradient(layer, x, upstream):
    """Returns y and dL/dx for L = sum(upstream * y)."""
    x = tf.convert_to_tensor(x)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = layer(x)
        loss = tf.reduce_sum(tf.cast(upstream, tf.float32) * y)
    return y.numpy(), tape.gradient(loss, x).numpy()


@pytest.mark.parametrize("axis", [-1, 0, 1])
def test_equals_division_by_the_length(axis):
    expected = X / np.linalg.norm(X, axis=axis, keepdims=True)
    np.testing.assert_allclose(L2Normalize(axis)(X), expected, rtol=1e-6)


def test_gradient_equals_equations_11_and_12():
    _, actual = gradient(L2Normalize(), X.astype(np.float32), UPSTREAM)
    for x, upstream, row in zip(X, UPSTREAM, actual, strict=True):
        unit = x / np.linalg.norm(x)
        jacobian = (np.eye(7) - np.outer(unit, unit)) / np.linalg.norm(x)
        np.testing.assert_allclose(row, upstream @ jacobian, rtol=1e-5, atol=1e-6)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**16), exponent=st.integers(-4, 15))
def test_length_is_one_and_gradient_orthogonal(seed, exponent):
    x = np.random.default_rng(seed).normal(size=(3, 8)).astype(np.float32) * 10.0**exponent
    y, slope = gradient(L2Normalize(), x.astype(np.float32), UPSTREAM[:3, :1].repeat(8, axis=1))
    np.testing.assert_allclose(np.linalg.norm(y, axis=-1), 1.0, rtol=1e-5)
    scale = np.linalg.norm(slope, axis=-1) + 1e-30
    np.testing.assert_allclose((y * slope).sum(-1) / scale, 0.0, atol=1e-4)


def test_zero_vector_stays_zero_with_a_finite_gradient():
    y, slope = gradient(L2Normalize(), np.zeros((2, 3), np.float32), np.ones((2, 3)))
    np.testing.assert_array_equal(y, 0.0)
    np.testing.assert_allclose(slope, 1e6, rtol=1e-6)  # 1 / sqrt(epsilon)


def test_epsilon_bounds_the_sum_of_squares():
    layer = L2Normalize(epsilon=4.0)
    np.testing.assert_allclose(layer(np.array([[1.0, 0.0]])), [[0.5, 0.0]])
    np.testing.assert_allclose(layer(np.array([[3.0, 4.0]])), [[0.6, 0.8]], rtol=1e-6)


def test_float16_vector_of_length_300():
    x = np.full((1, 9), 100.0, np.float16)
    with np.errstate(over="ignore"):
        assert np.isinf((x * x).sum(dtype=np.float16))  # What a float16 norm would give.
    y, slope = gradient(L2Normalize(dtype="mixed_float16"), x, UPSTREAM[:1, [0] * 9])
    np.testing.assert_allclose(y, 1 / 3, rtol=1e-6)
    assert y.dtype == np.float32
    assert slope.dtype == np.float16
    assert np.isfinite(slope).all()


def test_float32_input_keeps_its_precision_under_a_float16_policy():
    y = L2Normalize(dtype="mixed_float16")(X.astype(np.float32))
    np.testing.assert_allclose(y, X / np.linalg.norm(X, axis=-1, keepdims=True), rtol=1e-6)


@pytest.mark.parametrize("epsilon", [0.0, -1.0, float("nan"), float("inf")])
def test_refuses_epsilon(epsilon):
    with pytest.raises(ValueError, match=r"expected epsilon > 0 and finite.*Received: epsilon="):
        L2Normalize(epsilon=epsilon)


@pytest.mark.parametrize("axis", [(0, 1), 1.0, None, True])
def test_refuses_axis(axis):
    with pytest.raises(ValueError, match="expected axis to be an integer"):
        L2Normalize(axis)


@pytest.mark.parametrize("axis", [-1, 0])
def test_without_the_norm_term_the_gradient_is_the_norm_times_equation_12(axis):
    x = 7 * X.astype(np.float32)
    value, with_norm = gradient(L2Normalize(axis), x, UPSTREAM)
    same, without = gradient(L2Normalize(axis, norm_term=False), x, UPSTREAM)
    np.testing.assert_array_equal(same, value)
    norm = np.linalg.norm(x.astype(np.float64), axis=axis, keepdims=True)
    np.testing.assert_allclose(without, norm * with_norm, rtol=1e-4, atol=1e-5)
    unit = x / norm
    closed = UPSTREAM - unit * (unit * UPSTREAM).sum(axis=axis, keepdims=True)
    np.testing.assert_allclose(without, closed, rtol=1e-4, atol=1e-5)


def test_without_the_norm_term_a_zero_vector_has_a_finite_gradient():
    zero, ones = np.zeros((1, 3), np.float32), np.ones((1, 3), np.float32)
    value, found = gradient(L2Normalize(norm_term=False), zero, ones)
    np.testing.assert_array_equal(value, zero)
    np.testing.assert_array_equal(found, ones)
