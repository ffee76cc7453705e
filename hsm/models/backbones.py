"""Backbones by name, as flags and configurations ask for them."""

from __future__ import annotations

import keras

from hsm.models.convnet import ConvNet

BACKBONES = ("googlenet", "convnet")


def build_backbone(
    name: str,
    image_size: int,
    *,
    weights: str | None = None,
    dtype: str | None = None,
    seed: int | None = None,
) -> keras.Model:
    """Builds the backbone called `name` for square RGB images.

    Args:
        name: "googlenet" or "convnet".
        image_size: Height and width in pixels, after cropping.
        weights: File of pretrained weights, for "googlenet" only; None starts from scratch.
        dtype: Keras dtype policy of the backbone; None for the global one.
        seed: Makes the initialisation of "convnet" reproducible; None leaves it random.

    Returns:
        A model from RGB pixel values 0..255, [b, image_size, image_size, 3], to features [b, d].

    Raises:
        ValueError: If `name` is unknown, `weights` are given to "convnet", or the backbone
            refuses the size or the file.
    """
    input_shape = (image_size, image_size, 3)
    if name == "googlenet":
        from hsm.models.googlenet import GoogLeNet

        return GoogLeNet(input_shape, weights=weights, dtype=dtype)
    if name == "convnet":
        if weights is not None:
            raise ValueError(
                "expected weights=None with the backbone convnet, which is trained from scratch; "
                f"pretrained weights are for googlenet. Received: weights={weights!r}"
            )
        return ConvNet(input_shape, dtype, seed=seed)
    raise ValueError(f"expected one of {', '.join(BACKBONES)}. Received: name={name!r}")
