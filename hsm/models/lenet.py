"""LeNet as the paper's released code trains it on MNIST, for Figure 2."""

from __future__ import annotations

from typing import Any

import keras

from hsm.models.seeds import initializer_seeds

_CONVOLUTIONS = {"conv1": 32, "conv2": 64}
_UNITS = 500
# Two halvings leave one pixel of it.
_MIN_SIZE = 4


def LeNet(
    input_shape: tuple[int, int, int] = (28, 28, 3),
    dtype: str | None = None,
    *,
    seed: int | None = None,
) -> keras.Model:
    """Build two blocks of 5x5 convolution, ReLU and 2x2 max-pooling, and a dense layer of 500.

    Pixels are scaled to x / 127.5 - 1 inside the model, in float32. Convolutions keep the size and
    have 32 and 64 channels; poolings halve it, rounding down. Kernels are drawn from a truncated
    normal distribution of variance 2 / fan-in, as in the released code, and biases are zero. The
    released code's bottleneck of two dimensions is `EmbeddingModel`'s.

    Args:
        input_shape: (height, width, channels) of the images, at least 4 pixels a side. The
            released code's images are 28 x 28 with one channel; grey ones with three equal
            channels give a network as expressive.
        dtype: Keras dtype policy of the body, for example "mixed_bfloat16"; None for the global
            one.
        seed: makes the initialisation reproducible; None leaves it random.

    Returns:
        A functional model from pixel values 0..255, float32 [b, height, width, channels], to
        features of at least 0, float32 [b, 500].

    Raises:
        ValueError: If the images are too small, or `seed` is not an integer of at least 0.
    """
    if len(input_shape) != 3 or min(input_shape[:2]) < _MIN_SIZE:
        raise ValueError(
            f"expected input_shape to be (height, width, channels) of at least {_MIN_SIZE} pixels "
            f"a side, because two poolings halve it. Received: input_shape={tuple(input_shape)}"
        )
    *conv_seeds, dense_seed = initializer_seeds(seed, "lenet", len(_CONVOLUTIONS) + 1)
    images = keras.Input(input_shape, dtype="float32", name="images")
    x = keras.layers.Rescaling(1 / 127.5, offset=-1.0, dtype="float32", name="pixels")(images)
    for number, (name, conv_seed) in enumerate(zip(_CONVOLUTIONS, conv_seeds, strict=True), 1):
        x = keras.layers.Conv2D(
            _CONVOLUTIONS[name],
            kernel_size=5,
            padding="same",
            data_format="channels_last",
            activation="relu",
            kernel_initializer=_initializer(conv_seed),
            dtype=dtype,
            name=name,
        )(x)
        x = keras.layers.MaxPooling2D(
            2, data_format="channels_last", dtype=dtype, name=f"pool{number}"
        )(x)
    return keras.Model(images, _dense(x, dtype, dense_seed), name="lenet")


def _dense(x: Any, dtype: str | None, seed: int | None) -> Any:
    """Return the dense layer in the policy's arithmetic, and its ReLU in float32: the feature."""
    x = keras.layers.Flatten(data_format="channels_last", dtype=dtype, name="flatten")(x)
    x = keras.layers.Dense(_UNITS, kernel_initializer=_initializer(seed), dtype=dtype, name="fc1")(
        x
    )
    return keras.layers.ReLU(dtype="float32", name="fc1.relu")(x)


def _initializer(seed: int | None) -> keras.initializers.Initializer:
    """Return variance 2 / fan-in, as `EmbeddingModel` has for its bottleneck."""
    return keras.initializers.VarianceScaling(2.0, "fan_in", "truncated_normal", seed=seed)
