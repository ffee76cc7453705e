"""Backbones by name, as flags and configurations ask for them."""

from __future__ import annotations

import pkgutil
from typing import Any

import keras

from hsm.models import backbone_specs
from hsm.models.applications import build_application
from hsm.models.backbone_specs import BACKBONES, BackboneSpec
from hsm.models.inception_v1 import InceptionV1
from hsm.models.keras_file import read_keras_file


def build_backbone(
    name: str,
    image_size: int,
    *,
    weights: str | None = None,
    dtype: str | None = None,
    seed: int | None = None,
) -> keras.Model:
    """Build the backbone called `name` for square RGB images.

    Args:
        name: "googlenet" (Caffe's), "inception_v1" (slim's), "torchvision_googlenet", "lenet",
            "convnet", "strided_convnet"; "keras:" and a network of `keras.applications`, such as
            "keras:ResNet50"; or a `.keras` file with a saved model.
        image_size: height and width in pixels, after cropping.
        weights: file of pretrained weights; "imagenet" for "keras:" networks; None starts from
            scratch, as the three small ones always do. A `.keras` file brings its own.
        dtype: Keras dtype policy of the backbone; None for the global one, or the file's.
        seed: makes the initialisation of the small networks reproducible; None leaves it
            random. The others follow `keras.utils.set_random_seed`.

    Returns:
        A model from RGB pixel values 0..255, [b, image_size, image_size, 3], to features [b, d].

    Raises:
        ValueError: If `name` is unknown, takes no `weights` or `dtype` but is given some, or
            refuses the size or the file.
        FileNotFoundError: If a file is missing.
    """
    input_shape = (image_size, image_size, 3)
    if backbone_specs.is_application(name):
        network = backbone_specs.application(name)
        return build_application(network, input_shape, weights=weights, dtype=dtype)
    if backbone_specs.is_keras_file(name):
        _check_absent("a .keras file, which brings its own", weights=weights, dtype=dtype)
        return read_keras_file(name, input_shape)
    if name not in BACKBONES:
        raise ValueError(f"expected one of {backbone_specs.names()}. Received: name={name!r}")
    return _build(BACKBONES[name], input_shape, weights=weights, dtype=dtype, seed=seed)


def torchvision_googlenet(
    input_shape: tuple[int, int, int], *, weights: str | None = None, dtype: str | None = None
) -> keras.Model:
    """Build Inception V1 as torchvision has it, which calls it GoogLeNet."""
    return InceptionV1(input_shape, weights=weights, dtype=dtype, padding="symmetric", scale=True)


def _build(
    spec: BackboneSpec, input_shape: tuple[int, int, int], *, seed: int | None, **options: Any
) -> keras.Model:
    build = pkgutil.resolve_name(spec.build) if isinstance(spec.build, str) else spec.build
    if spec.weights is not None:
        return build(input_shape, **options)
    weights = options.pop("weights")
    _check_absent(f"the backbone {spec.name}, which is trained from scratch", weights=weights)
    return build(input_shape, seed=seed, **options)


def _check_absent(owner: str, **arguments: str | None) -> None:
    """Refuse arguments that would have no effect."""
    for argument, value in arguments.items():
        if value is not None:
            raise ValueError(
                f"expected {argument}=None with {owner}. Received: {argument}={value!r}"
            )
