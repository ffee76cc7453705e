"""A small backbone that processors compute quickly, trained from scratch."""

from __future__ import annotations

from typing import Any

import keras

from hsm.models.convnet import scaled_images
from hsm.models.seeds import initializer_seeds

_FILTERS = (24, 48, 96)


def StridedConvNet(
    input_shape: tuple[int, int, int] = (28, 28, 3),
    dtype: str | None = None,
    *,
    seed: int | None = None,
) -> keras.Model:
    """Build three blocks of a strided convolution, batch normalisation and ReLU.

    Pixels are scaled to x / 127.5 - 1 inside the model, in float32. Every block has a 3x3
    convolution of stride 2 without bias (batch normalisation has the offset), so that no layer
    works on the whole image and no pooling follows: what is left of the image is not averaged
    but flattened. Batch normalisation has momentum 0.95, because the small data sets that this
    backbone is for make few steps an epoch.

    Args:
        input_shape: (height, width, channels) of the images; RGB, at least 8 pixels a side.
        dtype: Keras dtype policy of the body, for example "mixed_bfloat16"; None for the global
            one.
        seed: makes the initialisation reproducible; None leaves it random.

    Returns:
        A functional model from RGB pixel values 0..255, float32 [b, height, width, channels], to
        features, float32 [b, 96 * ceil(height / 8) * ceil(width / 8)]: 1,536 for 28 pixels.

    Raises:
        ValueError: If the images are too small, or `seed` is not an integer of at least 0.
    """
    images, x = scaled_images(input_shape)
    seeds = initializer_seeds(seed, "strided_convnet", len(_FILTERS))
    for number, (filters, block_seed) in enumerate(zip(_FILTERS, seeds, strict=True), start=1):
        x = _block(x, filters, name=f"block{number}", dtype=dtype, seed=block_seed)
    features = keras.layers.Flatten(data_format="channels_last", dtype="float32", name="pool")(x)
    return keras.Model(images, features, name="strided_convnet")


def _block(x: Any, filters: int, *, name: str, dtype: str | None, seed: int | None) -> Any:
    """Convolve with stride 2, batch-normalise and rectify `x`."""
    x = keras.layers.Conv2D(
        filters,
        kernel_size=3,
        strides=2,
        padding="same",
        data_format="channels_last",
        use_bias=False,
        kernel_initializer=keras.initializers.HeNormal(seed=seed),
        dtype=dtype,
        name=f"{name}_conv",
    )(x)
    x = keras.layers.BatchNormalization(momentum=0.95, dtype=dtype, name=f"{name}_norm")(x)
    return keras.layers.ReLU(dtype=dtype, name=f"{name}_relu")(x)
