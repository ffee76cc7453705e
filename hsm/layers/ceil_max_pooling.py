"""Max pooling that rounds its output size up, as Caffe does."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from hsm.layers.backend import require_tensorflow


@keras.saving.register_keras_serializable(package="hsm")
class CeilMaxPooling2D(keras.layers.Layer):
    """Max pooling without padding at the top and left, and windows cut off at the bottom and right.

    A side of n pixels gives ceil((n - pool_size) / strides) + 1. TensorFlow's VALID rounds down
    instead, and SAME pads both ends and gives ceil(n / strides).

    Example:
        >>> CeilMaxPooling2D()(np.zeros((1, 112, 112, 64))).shape
        TensorShape([1, 56, 56, 64])

    Args:
        pool_size: side of the window in pixels, at least 1.
        strides: step of the window in pixels, from 1 to pool_size, so that no window lies outside.

    Input shape:
        `(batch, height, width, channels)`; height and width known, at least pool_size.

    Output shape:
        `(batch, new height, new width, channels)`.

    Raises:
        ValueError: if an argument or the input's shape breaks its rule.
        RuntimeError: if Keras is not on TensorFlow.
    """

    def __init__(self, pool_size: int = 3, strides: int = 2, **kwargs: Any) -> None:
        require_tensorflow(type(self).__name__)
        super().__init__(**kwargs)
        if not 1 <= strides <= pool_size:
            raise ValueError(
                "expected strides to be at least 1 and at most pool_size. Received: "
                f"strides={strides}, pool_size={pool_size}"
            )
        self.pool_size = pool_size
        self.strides = strides

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        """Pool [batch, height, width, channels]."""
        padding = self._padding(inputs.shape[1:3])
        return tf.nn.max_pool2d(inputs, self.pool_size, self.strides, padding)

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """Return [batch, ceil((height - pool_size) / strides) + 1, the same of width, channels]."""
        batch, height, width, channels = input_shape
        return batch, self._output_size(height), self._output_size(width), channels

    def get_config(self) -> dict[str, Any]:
        """Return the arguments of `__init__`."""
        return {**super().get_config(), "pool_size": self.pool_size, "strides": self.strides}

    def _output_size(self, size: int | None) -> int:
        """Return how many windows lie along one side."""
        if size is None or size < self.pool_size:
            raise ValueError(
                f"{self.name}: expected height and width to be known and at least "
                f"pool_size={self.pool_size}. Received: {size}. Use larger images."
            )
        return -(-(size - self.pool_size) // self.strides) + 1

    def _padding(self, sizes: Sequence[int | None]) -> str | list[list[int]]:
        """Return TensorFlow's name for the padding, if any: those kernels are much faster."""
        height, width = (self._missing(size) for size in sizes)
        if height == width == 0:
            return "VALID"
        if all(self._same(size) for size in sizes):
            return "SAME"
        return [[0, 0], [0, height], [0, width], [0, 0]]

    def _missing(self, size: int | None) -> int:
        """Return how many pixels the last window lacks."""
        return (self._output_size(size) - 1) * self.strides + self.pool_size - int(size or 0)

    def _same(self, size: int | None) -> bool:
        """Return whether SAME pads this side with as many pixels, all of them at the end."""
        windows = -(-int(size or 0) // self.strides)
        return windows == self._output_size(size) and self._missing(size) <= 1
