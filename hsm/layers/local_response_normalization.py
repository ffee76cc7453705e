"""Caffe's local response normalisation across channels, with its gradient in closed form."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from hsm.layers.backend import require_tensorflow

# Channels of a block, see `_window_sum`: as many float32 as a vector register holds with AVX.
_BLOCK = 8


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

    Where the input is bfloat16, so is all of this; float16, whose squares would overflow, takes
    float32 in between. The window sum is a convolution along the channels, see `_window_sum`.

    Example:
        >>> normalised = LocalResponseNormalization()(np.ones((1, 56, 56, 64)))

    Args:
        size: channels in the window, odd.
        alpha: weight of the mean of the squares, not negative.
        beta: exponent, positive. 0.75 takes two square roots; others take `tf.pow`.
        k: what is added to the sum, positive.

    Input shape:
        `(batch, height, width, channels)`, floating point.

    Output shape:
        The input's shape.

    Raises:
        ValueError: if an argument breaks its rule.
        RuntimeError: if Keras is not on TensorFlow.

    Reference:
        Krizhevsky, Sutskever, Hinton, 2012, section 3.3.
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
        require_tensorflow(type(self).__name__)
        super().__init__(**kwargs)
        if size < 1 or size % 2 == 0:
            raise ValueError(
                f"expected size to be an odd number of channels. Received: size={size}"
            )
        if alpha < 0:
            raise ValueError(f"expected alpha to be 0 or more. Received: alpha={alpha}")
        if beta <= 0:
            raise ValueError(f"expected beta to be positive. Received: beta={beta}")
        if k <= 0:
            raise ValueError(
                f"expected k to be positive, so that nothing is divided by 0. Received: k={k}"
            )
        self.size = size
        self.alpha = alpha
        self.beta = beta
        self.k = k

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        """Normalise [batch, height, width, channels]."""
        window = _window(inputs.shape[-1], self.size) * (self.alpha / self.size)
        return _normalize(inputs, window, self.beta, self.k)

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """Return the input's shape."""
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """Return the arguments of `__init__`."""
        config = {"size": self.size, "alpha": self.alpha, "beta": self.beta, "k": self.k}
        return {**super().get_config(), **config}


def _window(channels: int, size: int) -> np.ndarray:
    """Return the kernel of `_window_sum`, float32 [1, 3, block, block], 1 between neighbours.

    Entry [0, t, i, j] belongs to channel i of the block before (t = 0), of the same block (1) or of
    the block after (2), and to channel j.
    """
    reach = size // 2
    fits = channels % _BLOCK == 0 and reach <= _BLOCK
    block = _BLOCK if fits else channels
    before, same, after = (np.arange(block) + block * t for t in (-1, 0, 1))
    distances = np.stack([np.abs(rows[:, None] - same) for rows in (before, same, after)])
    return (distances <= reach).astype(np.float32)[None]


def _normalize(x: tf.Tensor, window: np.ndarray, beta: float, k: float) -> tf.Tensor:
    """Compute x * s^-beta with s = k + the window's sum of x^2."""
    dtype = x.dtype if x.dtype == tf.bfloat16 else tf.float32
    kernel = tf.constant(window, dtype)
    backward_kernel = tf.constant(2 * beta * window, dtype)
    offset = tf.fill([window.shape[-1]], tf.constant(k, dtype))

    @tf.custom_gradient
    def forward(x: tf.Tensor) -> tuple[tf.Tensor, Callable[[tf.Tensor], tf.Tensor]]:
        value = tf.cast(x, dtype)
        s = _window_sum(tf.square(value), kernel, offset)
        factor = _negative_power(s, beta)

        def backward(upstream: tf.Tensor) -> tf.Tensor:
            scaled = tf.cast(upstream, dtype) * factor
            neighbours = _window_sum(scaled * value / s, backward_kernel)
            return tf.cast(scaled - value * neighbours, x.dtype)

        return tf.cast(value * factor, x.dtype), backward

    return forward(x)


def _window_sum(x: tf.Tensor, kernel: tf.Tensor, offset: tf.Tensor | None = None) -> tf.Tensor:
    """Return weighted sums over neighbouring channels [b, h, w, c], plus `offset`.

    Cut into blocks of channels, a pixel is a row of blocks, and a window reaches no further than
    into the next one: a convolution of width 3 along that row, whose kernel all blocks share. It
    multiplies 3 * block numbers for a sum, where a matrix over all channels takes c.
    """
    block = kernel.shape[-1]
    batch, height, width, channels = tf.unstack(tf.shape(x))
    rows = tf.reshape(x, [batch, height * width, channels // block, block])
    sums = tf.nn.conv2d(rows, kernel, strides=1, padding="SAME")
    if offset is not None:
        sums = tf.nn.bias_add(sums, offset)
    return tf.reshape(sums, tf.shape(x))


def _negative_power(s: tf.Tensor, beta: float) -> tf.Tensor:
    """Return s^-beta; square roots are several times faster than `tf.pow` on a CPU."""
    if beta == 0.75:
        root = tf.math.rsqrt(s)
        return root * tf.sqrt(root)
    return tf.pow(s, -beta)
