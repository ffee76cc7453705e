"""GoogLeNet V1, computed exactly as Caffe computes it.

Szegedy et al., "Going Deeper with Convolutions", 2015, in the version that the Berkeley Vision and
Learning Center trained on ImageNet and published as bvlc_googlenet: the backbone of section 5.1.
"""

from __future__ import annotations

import os
from typing import Any

import keras
from keras import layers

from hsm.layers.bgr_pixels import BGRPixels
from hsm.layers.ceil_max_pooling import CeilMaxPooling2D
from hsm.layers.local_response_normalization import LocalResponseNormalization
from hsm.models.weight_files.weights import load_weights

# Output channels of each inception block: the branches 1x1, 3x3_reduce, 3x3, 5x5_reduce, 5x5 and
# pool_proj, as in table 1 of Szegedy et al.
_STAGES: dict[str, dict[str, tuple[int, int, int, int, int, int]]] = {
    "pool3": {
        "inception_3a": (64, 96, 128, 16, 32, 32),
        "inception_3b": (128, 128, 192, 32, 96, 64),
    },
    "pool4": {
        "inception_4a": (192, 96, 208, 16, 48, 64),
        "inception_4b": (160, 112, 224, 24, 64, 64),
        "inception_4c": (128, 128, 256, 24, 64, 64),
        "inception_4d": (112, 144, 288, 32, 64, 64),
        "inception_4e": (256, 160, 320, 32, 128, 128),
    },
    "pool5": {
        "inception_5a": (256, 160, 320, 32, 128, 128),
        "inception_5b": (384, 192, 384, 48, 128, 128),
    },
}
_NUM_CLASSES = 1000  # Of ImageNet's challenge.
_DROPOUT = 0.4
# Four halvings leave pool4 its window of three pixels.
_MIN_SIZE = 47


def GoogLeNet(
    input_shape: tuple[int, int, int] = (224, 224, 3),
    include_top: bool = False,
    *,
    weights: str | os.PathLike[str] | None = None,
    dtype: str | None = None,
) -> keras.Model:
    """Build GoogLeNet V1 as a functional Keras model.

    Every layer of Caffe's deploy network is one Keras layer of the same name with `.` for `/`,
    ReLUs included; `data` is the preprocessing. `conv1.pad` alone is new: Keras has no symmetric
    padding for a convolution with stride 2.

    Args:
        input_shape: (height, width, 3) of the images; 224 x 224 as in training.
        include_top: end at the 1000 ImageNet probabilities instead of at the pooled feature.
        weights: a `.caffemodel` file, a `.weights.h5` file of this model, or None: random.
        dtype: Keras dtype policy of the layers up to the pooling, such as "mixed_bfloat16". The
            pooling and what follows compute in float32, whose sums bfloat16 would round.

    Returns:
        A model from float32 [batch, height, width, 3], RGB values 0..255, to float32
        [batch, 1024], or [batch, 1000] with the top.

    Raises:
        ValueError: `input_shape` has another rank or is too small, or `weights` does not fit.
        FileNotFoundError: there is no file `weights`.
    """
    _check_input_shape(input_shape)
    images = keras.Input(input_shape, dtype="float32", name="images")
    x = _stem(BGRPixels(name="data")(images), dtype)
    x = _inceptions(x, dtype)
    x = layers.GlobalAveragePooling2D(
        data_format="channels_last", name="pool5.7x7_s1", dtype="float32"
    )(x)
    model = keras.Model(images, _top(x) if include_top else x, name="googlenet")
    if weights is not None:
        load_weights(model, weights)
    return model


def _check_input_shape(input_shape: tuple[int, int, int]) -> None:
    """Refuse what is too small for the last pooling."""
    if len(input_shape) != 3 or input_shape[2] != 3 or min(input_shape[:2]) < _MIN_SIZE:
        raise ValueError(
            "expected input_shape to be (height, width, 3) with height and width at least "
            f"{_MIN_SIZE}. Received: input_shape={input_shape}"
        )


def _stem(x: Any, dtype: str | None) -> Any:
    """Return the first inception block's input, an eighth of the image's side."""
    x = layers.ZeroPadding2D(3, data_format="channels_last", name="conv1.pad", dtype=dtype)(x)
    x = _conv(x, "conv1.7x7_s2", 64, 7, dtype=dtype, strides=2, padding="valid")
    x = CeilMaxPooling2D(name="pool1.3x3_s2", dtype=dtype)(x)
    x = LocalResponseNormalization(name="pool1.norm1", dtype=dtype)(x)
    x = _conv(x, "conv2.3x3_reduce", 64, 1, dtype=dtype)
    x = _conv(x, "conv2.3x3", 192, 3, dtype=dtype)
    x = LocalResponseNormalization(name="conv2.norm2", dtype=dtype)(x)
    return CeilMaxPooling2D(name="pool2.3x3_s2", dtype=dtype)(x)


def _inceptions(x: Any, dtype: str | None) -> Any:
    """Return the nine inception blocks, with a pooling between the stages."""
    for stage, blocks in _STAGES.items():
        for block, filters in blocks.items():
            x = _inception(x, block, filters, dtype)
        if stage != "pool5":
            x = CeilMaxPooling2D(name=f"{stage}.3x3_s2", dtype=dtype)(x)
    return x


def _inception(x: Any, block: str, filters: tuple[int, ...], dtype: str | None) -> Any:
    """Return four branches, side by side, joined along the channels."""
    one, reduce3, three, reduce5, five, projection = filters
    branch1 = _conv(x, f"{block}.1x1", one, 1, dtype=dtype)
    branch3 = _conv(x, f"{block}.3x3_reduce", reduce3, 1, dtype=dtype)
    branch3 = _conv(branch3, f"{block}.3x3", three, 3, dtype=dtype)
    branch5 = _conv(x, f"{block}.5x5_reduce", reduce5, 1, dtype=dtype)
    branch5 = _conv(branch5, f"{block}.5x5", five, 5, dtype=dtype)
    pool = layers.MaxPooling2D(
        3, 1, "same", data_format="channels_last", name=f"{block}.pool", dtype=dtype
    )(x)
    branch_pool = _conv(pool, f"{block}.pool_proj", projection, 1, dtype=dtype)
    return layers.Concatenate(name=f"{block}.output", dtype=dtype)(
        [branch1, branch3, branch5, branch_pool]
    )


def _conv(x: Any, name: str, filters: int, kernel_size: int, **options: Any) -> Any:
    """Return a convolution and its ReLU, in Caffe `relu_` before the last part of the name."""
    options = {"padding": "same", "data_format": "channels_last", **options}
    x = layers.Conv2D(filters, kernel_size, name=name, **options)(x)
    block, branch = name.split(".")
    relu = "relu_7x7" if branch == "7x7_s2" else f"relu_{branch}"
    return layers.ReLU(name=f"{block}.{relu}", dtype=options["dtype"])(x)


def _top(x: Any) -> Any:
    """Return the probabilities of ImageNet's classes from the pooled feature."""
    x = layers.Dropout(_DROPOUT, name="pool5.drop_7x7_s1", dtype="float32")(x)
    x = layers.Dense(_NUM_CLASSES, name="loss3.classifier", dtype="float32")(x)
    return layers.Softmax(name="prob", dtype="float32")(x)
