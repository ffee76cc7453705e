"""A small convolutional backbone for digits and characters, trained from scratch."""

from __future__ import annotations

from typing import Any

import keras

from hsm.models.seeds import initializer_seeds

_FILTERS = (16, 32, 64, 128)
_MIN_SIZE = 8


def ConvNet(
    input_shape: tuple[int, int, int] = (28, 28, 3),
    dtype: str | None = None,
    *,
    seed: int | None = None,
) -> keras.Model:
    """Build four blocks of convolution, batch normalisation, ReLU and max-pooling.

    Pixels are scaled to x / 127.5 - 1 inside the model, in float32. Every block has a 3x3
    convolution without bias (batch normalisation has the offset) and halves height and width,
    rounding up. What the last block leaves of the image is averaged, so that the feature's
    length does not depend on the image's size. Batch normalisation has momentum 0.95, because
    the small data sets that this backbone is for make few steps an epoch.

    Args:
        input_shape: (height, width, channels) of the images; RGB, at least 8 pixels a side.
        dtype: Keras dtype policy of the body, for example "mixed_bfloat16"; None for the global
            one.
        seed: makes the initialisation reproducible; None leaves it random.

    Returns:
        A functional model from RGB pixel values 0..255, float32 [b, height, width, channels], to
        features, float32 [b, 128].

    Raises:
        ValueError: If the images are too small, or `seed` is not an integer of at least 0.
    """
    images, x = scaled_images(input_shape)
    seeds = initializer_seeds(seed, "convnet", len(_FILTERS))
    for number, (filters, block_seed) in enumerate(zip(_FILTERS, seeds, strict=True), start=1):
        x = _block(x, filters, name=f"block{number}", dtype=dtype, seed=block_seed)
    features = keras.layers.GlobalAveragePooling2D(
        data_format="channels_last", dtype="float32", name="pool"
    )(x)
    return keras.Model(images, features, name="convnet")


def scaled_images(input_shape: tuple[int, int, int]) -> tuple[Any, Any]:
    """Return a network's input, RGB values 0..255, and the same scaled to x / 127.5 - 1.

    Raises:
        ValueError: If the images are too small to be halved three or four times.
    """
    if len(input_shape) != 3 or min(input_shape[:2]) < _MIN_SIZE:
        raise ValueError(
            f"expected input_shape to be (height, width, channels) of at least {_MIN_SIZE} pixels "
            f"a side, because blocks halve it. Received: input_shape={tuple(input_shape)}"
        )
    images = keras.Input(input_shape, dtype="float32", name="images")
    scale = keras.layers.Rescaling(1 / 127.5, offset=-1.0, dtype="float32", name="pixels")
    return images, scale(images)


def _block(x: Any, filters: int, *, name: str, dtype: str | None, seed: int | None) -> Any:
    """Convolve, batch-normalise, rectify and halve `x`."""
    x = keras.layers.Conv2D(
        filters,
        kernel_size=3,
        padding="same",
        data_format="channels_last",
        use_bias=False,
        kernel_initializer=keras.initializers.HeNormal(seed=seed),
        dtype=dtype,
        name=f"{name}_conv",
    )(x)
    x = keras.layers.BatchNormalization(momentum=0.95, dtype=dtype, name=f"{name}_norm")(x)
    x = keras.layers.ReLU(dtype=dtype, name=f"{name}_relu")(x)
    return keras.layers.MaxPooling2D(
        2, padding="same", data_format="channels_last", dtype=dtype, name=f"{name}_pool"
    )(x)
