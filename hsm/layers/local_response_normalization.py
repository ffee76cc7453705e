"""Caffe's local response normalisation across channels, with its gradient in closed form."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import tensorflow as tf


@keras.saving.register_keras_serializable(package="hsm")
class LocalResponseNormalization(keras.layers.Layer):
    """Divides every value by a power of the squares of its neighbouring channels.

    With W the window of `size` channels around channel c, cut off at the first and the last,

        s_c = k + alpha / size * sum_{j in W} x_j^2
        y_c = x_c * s_c^-beta

    Caffe divides alpha by the window; `tf.nn.local_response_normalization` does not. The gradient
    is written out rather than traced, because s is reused in it and because TensorFlow has no
    bfloat16 kernel on the CPU: with g = dL/dy,

        dL/dx_c = g_c * s_c^-beta - 2 * beta * alpha / size * x_c * sum_{j in W} g_j * y_j / s_j

    The window sum is a 1x1 convolution with a band matrix.

    Args:
        size: channels in the window, odd.
        alpha: weight of the mean of the squares, not negative.
        beta: exponent, positive. 0.75 takes two square roots; others take `tf.pow`.
        k: what is added to the sum, positive.

    Input shape: [batch, height, width, channels], floating point.
    Output shape: the input's.
    Raises: ValueError where an argument breaks its rule.
    Reference: Krizhevsky, Sutskever, Hinton, 2012, section 3.3.
    """

    def __init__(
        self,
        size: int = 5,
        alpha: float = 1e-4,
        *,
        beta: float = 0.75,
        k: float = 1.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if size < 1 or size % 2 == 0:
            raise ValueError(f"size must be an odd number of channels. Received: size={size}")
        if alpha < 0:
            raise ValueError(f"alpha must not be negative. Received: alpha={alpha}")
        if beta <= 0:
            raise ValueError(f"beta must be positive. Received: beta={beta}")
        if k <= 0:
            raise ValueError(f"k must be positive, lest 0 be divided by 0. Received: k={k}")
        self.size = size
        self.alpha = alpha
        self.beta = beta
        self.k = k

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        """Normalises [batch, height, width, channels]."""
        window = _band(inputs.shape[-1], self.size) * (self.alpha / self.size)
        return _normalize(inputs, window, self.beta, self.k)

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """The input's shape."""
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """The arguments of `__init__`."""
        config = {"size": self.size, "alpha": self.alpha, "beta": self.beta, "k": self.k}
        return {**super().get_config(), **config}


def _band(channels: int, size: int) -> np.ndarray:
    """Float32 [channels, channels]: 1 where two channels lie within one window."""
    index = np.arange(channels)
    return (np.abs(index[:, None] - index) <= size // 2).astype(np.float32)


def _normalize(x: tf.Tensor, window: np.ndarray, beta: float, k: float) -> tf.Tensor:
    """Computes x * s^-beta with s = k + window @ x^2 in float32; `window` is symmetric."""
    # Only the sums are in bfloat16 where the input is: k dominates s, and float16 would overflow.
    narrow = x.dtype if x.dtype == tf.bfloat16 else tf.float32
    kernel = tf.constant(window[None, None], narrow)
    backward_kernel = tf.constant(2 * beta * window[None, None], narrow)

    @tf.custom_gradient
    def forward(x: tf.Tensor) -> tuple[tf.Tensor, Callable[[tf.Tensor], tf.Tensor]]:
        wide = tf.cast(x, tf.float32)
        s = k + _window_sum(tf.square(tf.cast(x, narrow)), kernel)
        factor = _negative_power(s, beta)

        def backward(upstream: tf.Tensor) -> tf.Tensor:
            scaled = tf.cast(upstream, tf.float32) * factor
            neighbours = _window_sum(scaled * wide / s, backward_kernel)
            return tf.cast(scaled - wide * neighbours, x.dtype)

        return tf.cast(wide * factor, x.dtype), backward

    return forward(x)


def _window_sum(x: tf.Tensor, kernel: tf.Tensor) -> tf.Tensor:
    """Weighted sums over neighbouring channels, multiplied in the kernel's dtype, in float32."""
    sums = tf.nn.conv2d(tf.cast(x, kernel.dtype), kernel, strides=1, padding="VALID")
    return tf.cast(sums, tf.float32)


def _negative_power(s: tf.Tensor, beta: float) -> tf.Tensor:
    """s^-beta; square roots are several times faster than `tf.pow` on a CPU."""
    if beta == 0.75:
        root = tf.math.rsqrt(s)
        return root * tf.sqrt(root)
    return tf.pow(s, -beta)
