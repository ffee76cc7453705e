"""Backbones by name, as flags and configurations ask for them."""

from __future__ import annotations

from collections.abc import Callable

import keras

from hsm.models.applications import build_application
from hsm.models.convnet import ConvNet
from hsm.models.googlenet import GoogLeNet
from hsm.models.inception_v1 import InceptionV1
from hsm.models.keras_file import read_keras_file
from hsm.models.lenet import LeNet

_Shape = tuple[int, int, int]
_APPLICATION = "keras:"
_FILE = ".keras"


def _torchvision_googlenet(
    input_shape: _Shape, *, weights: str | None, dtype: str | None
) -> keras.Model:
    """Inception V1 as torchvision has it, which calls it GoogLeNet."""
    return InceptionV1(input_shape, weights=weights, dtype=dtype, padding="symmetric", scale=True)


# They take pretrained weights, of the kinds of files that their own documentation says.
_PRETRAINED: dict[str, Callable[..., keras.Model]] = {
    "googlenet": GoogLeNet,
    "inception_v1": InceptionV1,
    "torchvision_googlenet": _torchvision_googlenet,
}
_FROM_SCRATCH: dict[str, Callable[..., keras.Model]] = {"lenet": LeNet, "convnet": ConvNet}

BACKBONES = (*_PRETRAINED, *_FROM_SCRATCH)


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
        name: "googlenet" (Caffe's), "inception_v1" (slim's), "torchvision_googlenet", "lenet",
            "convnet"; "keras:" and a network of `keras.applications`, such as "keras:ResNet50"; or
            a `.keras` file with a saved model.
        image_size: Height and width in pixels, after cropping.
        weights: File of pretrained weights; "imagenet" for "keras:" networks; None starts from
            scratch, as "lenet" and "convnet" always do. A `.keras` file brings its own.
        dtype: Keras dtype policy of the backbone; None for the global one, or the file's.
        seed: Makes the initialisation of "lenet" and "convnet" reproducible; None leaves it
            random. The others follow `keras.utils.set_random_seed`.

    Returns:
        A model from RGB pixel values 0..255, [b, image_size, image_size, 3], to features [b, d].

    Raises:
        ValueError: If `name` is unknown, takes no `weights` or `dtype` but is given some, or
            refuses the size or the file.
        FileNotFoundError: If a file is missing.
    """
    input_shape = (image_size, image_size, 3)
    if name.startswith(_APPLICATION):
        network = name.removeprefix(_APPLICATION)
        return build_application(network, input_shape, weights=weights, dtype=dtype)
    if name.endswith(_FILE):
        _check_absent("a .keras file, which brings its own", weights=weights, dtype=dtype)
        return read_keras_file(name, input_shape)
    if name in _PRETRAINED:
        return _PRETRAINED[name](input_shape, weights=weights, dtype=dtype)
    if name in _FROM_SCRATCH:
        _check_absent(f"the backbone {name}, which is trained from scratch", weights=weights)
        return _FROM_SCRATCH[name](input_shape, dtype, seed=seed)
    raise ValueError(
        f"expected one of {', '.join(BACKBONES)}, {_APPLICATION} and a network of "
        f"keras.applications, or a {_FILE} file. Received: name={name!r}"
    )


def _check_absent(owner: str, **arguments: str | None) -> None:
    """Refuses arguments that would have no effect."""
    for argument, value in arguments.items():
        if value is not None:
            raise ValueError(
                f"expected {argument}=None with {owner}. Received: {argument}={value!r}"
            )
