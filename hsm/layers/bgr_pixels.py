"""The preprocessing of Caffe's ImageNet models: blue first, the channels' means subtracted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from hsm.layers.backend import require_tensorflow


@keras.saving.register_keras_serializable(package="hsm")
class BGRPixels(keras.layers.Layer):
    """Turns RGB values 0..255 into BGR values less the mean of each channel, unscaled.

        y = x[..., ::-1] - mean

    Computed and returned in float32 whatever the policy: bfloat16 would round pixel values.

    Example:
        >>> print(BGRPixels()(np.full((1, 1, 1, 3), 124)).numpy().ravel())
        [20.  7.  1.]

    Args:
        mean: means of blue, green and red, 0..255; the default is ImageNet's, as used in training
            Caffe's models.

    A convolution swaps the channels and its bias takes the means off: on a CPU several times faster
    than reversing and subtracting, and as exact, because every sum has one term that is not 0.

    Input shape:
        `(batch, height, width, 3)`, RGB, any number type.

    Output shape:
        `(batch, height, width, 3)`, BGR, float32.

    Raises:
        ValueError: unless `mean` has three values.
        RuntimeError: if Keras is not on TensorFlow.
    """

    def __init__(self, mean: Sequence[float] = (104.0, 117.0, 123.0), **kwargs: Any) -> None:
        require_tensorflow(type(self).__name__)
        super().__init__(**{**kwargs, "dtype": "float32"})
        if len(mean) != 3:
            raise ValueError(
                f"expected mean to be three values: blue, green, red. Received: mean={mean}"
            )
        self.mean = tuple(float(value) for value in mean)

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        """Preprocess [batch, height, width, 3]."""
        # A constant: OpenVINO cannot convert what `tf.eye` puts into the graph.
        swap = tf.constant(np.eye(3, dtype=np.float32)[None, None, ::-1])
        swapped = tf.nn.conv2d(tf.cast(inputs, tf.float32), swap, strides=1, padding="VALID")
        return tf.nn.bias_add(swapped, [-value for value in self.mean])

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """Return the input's shape."""
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """Return the arguments of `__init__`."""
        return {**super().get_config(), "mean": self.mean}
