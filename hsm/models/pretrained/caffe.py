"""Caffe weight files: read as named arrays, and copied into a Keras model of the same layers."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from google.protobuf.message import DecodeError

from hsm.models.pretrained.caffe_schema import new_net_parameter

Weights = dict[str, list[np.ndarray]]


def keras_name(caffe_name: str) -> str:
    """The Keras name of a Caffe layer: Keras forbids `/`, so that it becomes `.`."""
    return caffe_name.replace("/", ".")


def read_caffemodel(path: str | os.PathLike[str]) -> Weights:
    """Reads every layer that has weights.

    Args:
        path: a `.caffemodel` file, with legacy `layers` or newer `layer` messages.

    Returns:
        Caffe's layer name -> its blobs in Caffe's order and layout, float32: for a convolution
        [output, input, height, width] and [output].

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: the file is truncated, is no Caffe file, or a blob has not as many values as
            its shape says; the layer is named.
    """
    net = _parse(path)
    layers = [layer for layer in (*net.layers, *net.layer) if layer.blobs]
    if not layers:
        raise ValueError(
            f"{os.fspath(path)}: expected a .caffemodel with weights, but found no layer that has "
            "any. Is it a weight file of another framework?"
        )
    return {layer.name: [_array(layer.name, blob) for blob in layer.blobs] for layer in layers}


def load_caffemodel(model: keras.Model, path: str | os.PathLike[str]) -> None:
    """Copies the weights of a Caffe file into the layers of `model` that have weights.

    Layers of the file that the model lacks, such as the auxiliary classifiers of training, are
    left out. Nothing is changed unless everything fits.

    Args:
        model: its layers are named as in Caffe, with `.` for `/`.
        path: a `.caffemodel` file.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: as `read_caffemodel`, or a layer is missing or has other shapes; it is named,
            with what was expected and what was found.
    """
    blobs = {keras_name(name): arrays for name, arrays in read_caffemodel(path).items()}
    layers = [layer for layer in model.layers if layer.weights]
    try:
        new = [_weights_for(layer, blobs) for layer in layers]
    except ValueError as error:
        raise ValueError(f"{os.fspath(path)} does not fit {model.name}: {error}") from None
    for layer, arrays in zip(layers, new, strict=True):
        layer.set_weights(arrays)


def _parse(path: str | os.PathLike[str]) -> Any:
    """The file as a NetParameter message."""
    net = new_net_parameter()
    with open(path, "rb") as file:
        content = file.read()
    try:
        net.ParseFromString(content)
    except DecodeError as error:
        raise ValueError(
            f"{os.fspath(path)}: expected a .caffemodel, but its {len(content)} bytes are not a "
            "whole protobuf message. The file is truncated or of another format; get it again."
        ) from error
    return net


def _array(layer: str, blob: Any) -> np.ndarray:
    """One blob as a float32 array, its shape from `shape` or from the four legacy fields."""
    values = np.array(blob.data or blob.double_data, np.float32)
    legacy = (blob.num, blob.channels, blob.height, blob.width)
    shape = tuple(blob.shape.dim) if blob.HasField("shape") else legacy
    if int(np.prod(shape)) != values.size:
        raise ValueError(
            f"layer {layer}: expected {int(np.prod(shape))} values for its shape {shape}, "
            f"but found {values.size}. The file is damaged; get it again."
        )
    return values.reshape(shape)


def _weights_for(layer: keras.layers.Layer, blobs: Weights) -> list[np.ndarray]:
    """The arrays for one Keras layer, in its layout."""
    expected = [tuple(weight.shape) for weight in layer.weights]
    if layer.name not in blobs:
        raise ValueError(
            f"layer {layer.name}: expected weights of shapes {expected}, but the file has no such "
            f"layer. It has: {_some(sorted(blobs))}"
        )
    found = blobs[layer.name]
    ranks = [len(shape) for shape in expected] + [0] * len(found)
    arrays = [_to_keras(blob, rank) for blob, rank in zip(found, ranks, strict=False)]
    if [array.shape for array in arrays] != expected:
        raise ValueError(
            f"layer {layer.name}: expected weights of shapes {expected}, but found "
            f"{[array.shape for array in arrays]} (in Caffe's order {[a.shape for a in found]})"
        )
    return arrays


def _to_keras(blob: np.ndarray, rank: int) -> np.ndarray:
    """Caffe's layout to Keras's: OIHW to HWIO, OI to IO.

    Legacy files write four dimensions for everything, a bias as [1, 1, 1, n]: leading ones beyond
    `rank` are dropped.
    """
    while blob.ndim > rank and blob.shape[0] == 1:
        blob = blob[0]
    order = {4: (2, 3, 1, 0), 2: (1, 0)}.get(blob.ndim)
    return blob if order is None else blob.transpose(order)


def _some(names: Sequence[str], count: int = 5) -> str:
    """The first names, and how many more there are."""
    more = f" and {len(names) - count} more" if len(names) > count else ""
    return ", ".join(names[:count]) + more
