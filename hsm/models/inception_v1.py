"""Inception V1: GoogLeNet with batch normalisation, as TF-slim has it, and torchvision nearly.

The convolutions of Szegedy et al., "Going Deeper with Convolutions", 2015, each followed by the
batch normalisation of Ioffe and Szegedy, 2015; the backbone of the paper's released code.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

import keras
from keras import layers

from hsm.layers.ceil_max_pooling import CeilMaxPooling2D
from hsm.models.weight_files.weights import load_weights

# The pooling before each stage -> output channels of the stage's blocks: the branches 1x1; reduce
# and 3x3; reduce and the 3x3 that stands for the paper's 5x5; the projection of the pooling.
_STAGES: dict[str, dict[str, tuple[int, int, int, int, int, int]]] = {
    "MaxPool_3a_3x3": {
        "Mixed_3b": (64, 96, 128, 16, 32, 32),
        "Mixed_3c": (128, 128, 192, 32, 96, 64),
    },
    "MaxPool_4a_3x3": {
        "Mixed_4b": (192, 96, 208, 16, 48, 64),
        "Mixed_4c": (160, 112, 224, 24, 64, 64),
        "Mixed_4d": (128, 128, 256, 24, 64, 64),
        "Mixed_4e": (112, 144, 288, 32, 64, 64),
        "Mixed_4f": (256, 160, 320, 32, 128, 128),
    },
    "MaxPool_5a_2x2": {
        "Mixed_5b": (256, 160, 320, 32, 128, 128),
        "Mixed_5c": (384, 192, 384, 48, 128, 128),
    },
}
# Slim calls this one convolution 0a where its eight siblings are 0b, and its checkpoints do too.
_RENAMED = {"Mixed_5b.Branch_2.Conv2d_0b_3x3": "Mixed_5b.Branch_2.Conv2d_0a_3x3"}
_EPSILON = 1e-3  # Slim's and torchvision's.
_INITIAL_STDDEV = 0.01  # Slim's and torchvision's.
# Five halvings leave one pixel of it.
_MIN_SIZE = 32
_PADDINGS = ("same", "symmetric")


@dataclass(frozen=True)
class _Style:
    """What all the layers of one network have in common."""

    dtype: str | None
    momentum: float
    padding: str
    scale: bool


def InceptionV1(
    input_shape: tuple[int, int, int] = (224, 224, 3),
    *,
    weights: str | os.PathLike[str] | None = None,
    dtype: str | None = None,
    momentum: float = 0.95,
    padding: str = "same",
    scale: bool = False,
) -> keras.Model:
    """Build Inception V1 without its classifier, as a functional Keras model.

    Layers are named by slim's scopes with `.` for `/`: a convolution without bias such as
    `Mixed_3b.Branch_1.Conv2d_0b_3x3`, its `.BatchNorm` and its `.Relu`, the poolings, and each
    block's `.concat`; `pixels` is the preprocessing (x / 255 - 0.5) * 2. Batch normalisation has
    epsilon 0.001 and is computed in float32 under every mixed policy.

    Args:
        input_shape: (height, width, 3) of the images, at least 32 a side; 224 x 224 in training.
        weights: none: random; or a file: slim's `.ckpt`, or the `.index` of a checkpoint in parts;
            torchvision's `.pth`, which needs `padding="symmetric"` and `scale=True`; or the
            `.weights.h5` of such a model.
        dtype: Keras dtype policy of the layers up to the last pooling, such as "mixed_bfloat16".
            That pooling computes in float32, whose sums bfloat16 would round.
        momentum: decay of the moving mean and variance, 0 to 1. The default is for fine-tuning, as
            in the released code; slim's own training has 0.9997.
        padding: "same", slim's: what is missing is added at the bottom and right first; or
            "symmetric", torchvision's: the first convolution pads all sides alike, and poolings
            round up. At sizes divisible by 16 only the first convolution differs.
        scale: whether batch normalisation has a scale gamma beside its offset, as in torchvision.

    Returns:
        A model from float32 [batch, height, width, 3], RGB values 0..255, to float32
        [batch, 1024], the average over all places (7 x 7 of them at 224 x 224).

    Raises:
        ValueError: An argument breaks its rule, or `weights` does not fit; the variable is named.
        FileNotFoundError: There is no file `weights`.
        ImportError: `weights` is torchvision's and PyTorch is not installed.
    """
    _check_input_shape(input_shape)
    _check_options(weights, momentum=momentum, padding=padding, scale=scale)
    style = _Style(dtype, momentum, padding, scale)
    images = keras.Input(input_shape, dtype="float32", name="images")
    x = layers.Rescaling(1 / 127.5, offset=-1.0, dtype="float32", name="pixels")(images)
    x = _inceptions(_stem(x, style), style)
    x = layers.GlobalAveragePooling2D(
        data_format="channels_last", dtype="float32", name="Logits.AvgPool_0a_7x7"
    )(x)
    model = keras.Model(images, x, name="inception_v1")
    if weights is not None:
        load_weights(model, weights)
    return model


def _check_input_shape(input_shape: tuple[int, int, int]) -> None:
    """Refuse what has other channels or is too small for the last block."""
    if len(input_shape) != 3 or input_shape[2] != 3 or min(input_shape[:2]) < _MIN_SIZE:
        raise ValueError(
            "expected input_shape to be (height, width, 3) with height and width at least "
            f"{_MIN_SIZE}. Received: input_shape={input_shape}"
        )


def _check_options(
    weights: str | os.PathLike[str] | None, *, momentum: float, padding: str, scale: bool
) -> None:
    """Refuse options out of range, and torchvision's weights in slim's network."""
    if not 0 <= momentum <= 1:
        raise ValueError(f"expected momentum to be from 0 to 1. Received: momentum={momentum}")
    if padding not in _PADDINGS:
        raise ValueError(
            f'expected padding to be "same" or "symmetric". Received: padding={padding!r}'
        )
    torchvision = weights is not None and os.fspath(weights).endswith(".pth")
    if torchvision and not (padding == "symmetric" and scale):
        raise ValueError(
            'expected padding="symmetric" and scale=True with weights of torchvision (.pth), as '
            f"they were trained. Received: padding={padding!r}, scale={scale}"
        )


def _stem(x: Any, style: _Style) -> Any:
    """Return a quarter of the image's side, before the first block's pooling."""
    x = _conv(x, "Conv2d_1a_7x7", 64, 7, style, strides=2)
    x = _halve(x, "MaxPool_2a_3x3", style)
    x = _conv(x, "Conv2d_2b_1x1", 64, 1, style)
    return _conv(x, "Conv2d_2c_3x3", 192, 3, style)


def _inceptions(x: Any, style: _Style) -> Any:
    """Return the nine inception blocks, with a pooling before each stage."""
    for pooling, blocks in _STAGES.items():
        x = _halve(x, pooling, style)
        for block, filters in blocks.items():
            x = _inception(x, block, filters, style)
    return x


def _inception(x: Any, block: str, filters: tuple[int, ...], style: _Style) -> Any:
    """Return four branches, side by side, concatenate along the channels."""
    one, reduce3, three, reduce5, five, projection = filters
    branch0 = _conv(x, f"{block}.Branch_0.Conv2d_0a_1x1", one, 1, style)
    branch1 = _conv(x, f"{block}.Branch_1.Conv2d_0a_1x1", reduce3, 1, style)
    branch1 = _conv(branch1, f"{block}.Branch_1.Conv2d_0b_3x3", three, 3, style)
    branch2 = _conv(x, f"{block}.Branch_2.Conv2d_0a_1x1", reduce5, 1, style)
    branch2 = _conv(branch2, f"{block}.Branch_2.Conv2d_0b_3x3", five, 3, style)
    pool = layers.MaxPooling2D(
        3,
        1,
        "same",
        data_format="channels_last",
        name=f"{block}.Branch_3.MaxPool_0a_3x3",
        dtype=style.dtype,
    )(x)
    branch3 = _conv(pool, f"{block}.Branch_3.Conv2d_0b_1x1", projection, 1, style)
    concatenate = layers.Concatenate(name=f"{block}.concat", dtype=style.dtype)
    return concatenate([branch0, branch1, branch2, branch3])


def _conv(
    x: Any, scope: str, filters: int, kernel_size: int, style: _Style, *, strides: int = 1
) -> Any:
    """Return a convolution, its batch normalisation and its ReLU."""
    scope, dtype = _RENAMED.get(scope, scope), style.dtype
    pad = strides > 1 and style.padding == "symmetric"
    if pad:
        x = layers.ZeroPadding2D(
            kernel_size // 2, data_format="channels_last", name=f"{scope}.pad", dtype=dtype
        )(x)
    x = layers.Conv2D(
        filters,
        kernel_size,
        strides,
        padding="valid" if pad else "same",
        data_format="channels_last",
        use_bias=False,
        kernel_initializer=keras.initializers.TruncatedNormal(stddev=_INITIAL_STDDEV),
        name=scope,
        dtype=dtype,
    )(x)
    x = layers.BatchNormalization(
        momentum=style.momentum,
        epsilon=_EPSILON,
        scale=style.scale,
        name=f"{scope}.BatchNorm",
        dtype=dtype,
    )(x)
    return layers.ReLU(name=f"{scope}.Relu", dtype=dtype)(x)


def _halve(x: Any, scope: str, style: _Style) -> Any:
    """Return max pooling with stride 2 and the window that its name ends in."""
    window = int(scope[-1])
    if style.padding == "symmetric":
        return CeilMaxPooling2D(window, 2, name=scope, dtype=style.dtype)(x)
    return layers.MaxPooling2D(
        window, 2, "same", data_format="channels_last", name=scope, dtype=style.dtype
    )(x)
