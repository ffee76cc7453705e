"""Caffe weight files as named arrays."""

from __future__ import annotations

import math
import os
import reprlib
from typing import Any

import numpy as np
from google.protobuf.message import DecodeError

from hsm.models.weight_files.caffe_schema import INNER_PRODUCT, new_net_parameter

Weights = dict[str, list[np.ndarray]]

# As Caffe itself allows.
_MOST_AXES = 32


def read_caffemodel(path: str | os.PathLike[str]) -> Weights:
    """Read every layer that has weights.

    Args:
        path: a `.caffemodel` file, with legacy `layers` or newer `layer` messages.

    Returns:
        Caffe's layer name -> its blobs in Caffe's order and layout, float32: for a convolution
        [output, input, height, width] and [output], for an inner product [output, input] and
        [output].

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If the file is truncated or is no Caffe file, or a blob has not as many values
            as its shape says; the layer is named.
    """
    net = _parse(path)
    layers = [layer for layer in (*net.layers, *net.layer) if layer.blobs]
    if not layers:
        raise ValueError(
            f"{os.fspath(path)}: expected a .caffemodel with weights. Received: no layer that has "
            "any. The file is of another kind, or empty; get it again."
        )
    return {layer.name: _blobs(layer, path) for layer in layers}


def to_keras(weights: Weights) -> Weights:
    """Rename and transpose what `read_caffemodel` returns.

    Returns:
        Keras's layer name (`.` for `/`, which Keras forbids) -> arrays in Keras's layout: the
        kernel of a convolution [height, width, input, output], of a dense layer [input, output].
    """
    return {
        name.replace("/", "."): [_transpose(blob) for blob in blobs]
        for name, blobs in weights.items()
    }


def _parse(path: str | os.PathLike[str]) -> Any:
    """Return the file as a NetParameter message."""
    net = new_net_parameter()
    with open(path, "rb") as file:
        content = file.read()
    try:
        net.ParseFromString(content)
    except DecodeError as error:
        # What was parsed before the error stays in the message; its last layer may lack its name.
        names = [layer.name for layer in (*net.layers, *net.layer) if layer.name]
        fault, cause = (
            (f"which break off after layer {names[-1]}", "truncated or damaged")
            if names
            else ("which do not begin as one", "of another kind, or truncated")
        )
        raise ValueError(
            f"{os.fspath(path)}: expected a .caffemodel, one whole protobuf message. Received: "
            f"{len(content)} bytes {fault}. The file is {cause}; get it again."
        ) from error
    return net


def _blobs(layer: Any, path: str | os.PathLike[str]) -> list[np.ndarray]:
    """Return the arrays of one layer."""
    arrays = []
    for index, blob in enumerate(layer.blobs):
        shape, values = _shape(layer, index), _values(blob)
        count = math.prod(shape)
        if count != values.size or min(shape, default=0) < 0 or len(shape) > _MOST_AXES:
            raise ValueError(
                f"{os.fspath(path)}: layer {layer.name}: expected {count} values in blob {index}, "
                f"whose shape is {reprlib.repr(shape)}. Received: {values.size}. The file is "
                "damaged; get it again."
            )
        arrays.append(values.reshape(shape))
    return arrays


def _values(blob: Any) -> np.ndarray:
    """Return a blob's numbers, float32; one that is too large for that becomes infinite."""
    with np.errstate(over="ignore"):
        return np.array(blob.data or blob.double_data).astype(np.float32)


def _shape(layer: Any, index: int) -> tuple[int, ...]:
    """Return a blob's shape; the four legacy fields have 1 in front where it has fewer axes."""
    blob = layer.blobs[index]
    if blob.HasField("shape"):
        return tuple(blob.shape.dim)
    shape = (blob.num, blob.channels, blob.height, blob.width)
    rank = 1 if index else 2 if layer.type in INNER_PRODUCT else 4
    return shape[-rank:] if set(shape[:-rank]) <= {1} else shape


def _transpose(blob: np.ndarray) -> np.ndarray:
    """Transpose OIHW to HWIO, OI to IO, a vector not at all."""
    order = {4: (2, 3, 1, 0), 2: (1, 0)}.get(blob.ndim)
    return blob if order is None else blob.transpose(order)
