from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from support import caffe_factory

from hsm.layers.ceil_max_pooling import CeilMaxPooling2D


def naive(x, pool_size, strides):
    """Returns the maxima of windows that are cut off at the bottom and right."""
    rows, columns = (-(-(n - pool_size) // strides) + 1 for n in x.shape[1:3])
    y = np.empty((x.shape[0], rows, columns, x.shape[3]), x.dtype)
    for row in range(rows):
        for column in range(columns):
            top, left = row * strides, column * strides
            y[:, row, column] = x[:, top : top + pool_size, left : left + pool_size].max((1, 2))
    return y


@settings(max_examples=60, deadline=None)
@given(
    height=st.integers(5, 14),
    width=st.integers(5, 14),
    pool_size=st.integers(1, 5),
    stride_less=st.integers(0, 4),
)
def test_equals_a_naive_loop_at_every_size(height, width, pool_size, stride_less):
    strides = max(1, pool_size - stride_less)
    # Negative, so that padding with zeros would show.
    x = -np.random.default_rng(0).uniform(1, 2, (1, height, width, 2)).astype(np.float32)
    layer = CeilMaxPooling2D(pool_size, strides)
    actual = layer(x)
    np.testing.assert_array_equal(actual, naive(x, pool_size, strides))
    assert layer.compute_output_shape(x.shape) == actual.shape


@pytest.mark.parametrize("size", [(7, 7), (8, 8), (7, 8), (8, 7), (3, 4)])
def test_equals_opencv(size):
    net = caffe_factory.Network(*size, channels=2)
    net.pool("pool", "data", "pool: MAX kernel_size: 3 stride: 2")
    x = np.random.default_rng(1).normal(size=(1, *size, 2)).astype(np.float32)
    expected = caffe_factory.opencv_outputs(net.opencv(), x.transpose(0, 3, 1, 2))
    np.testing.assert_array_equal(CeilMaxPooling2D()(x), expected["pool"])


@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "float16"])
@pytest.mark.parametrize("size", [(7, 7), (8, 8), (7, 8)])
def test_the_gradient_goes_to_the_greatest_pixel_of_each_window(size, dtype):
    values = np.random.default_rng(2).permutation(size[0] * size[1]).reshape(1, *size, 1)
    x = tf.constant(values - values.size, dtype)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = CeilMaxPooling2D(dtype=dtype)(x)
    assert y.dtype == dtype
    gradient = tf.cast(tape.gradient(y, x), tf.float32)
    expected = [np.sum(np.asarray(y, np.float32) == value) for value in np.ravel(x)]
    np.testing.assert_array_equal(np.ravel(gradient), expected)


@pytest.mark.parametrize("arguments", [{"strides": 4}, {"strides": 0}, {"pool_size": 0}])
def test_arguments_that_contradict_are_refused(arguments):
    with pytest.raises(
        ValueError, match=r"expected strides to be at least 1 and at most pool_size\. Rec"
    ):
        CeilMaxPooling2D(**arguments)


@pytest.mark.parametrize("height", [None, 2])
def test_images_that_are_too_small_or_unknown_are_refused(height):
    with pytest.raises(ValueError, match=f"pool1: expected height .*pool_size=3.*{height}"):
        CeilMaxPooling2D(name="pool1").compute_output_shape((None, height, 8, 1))
