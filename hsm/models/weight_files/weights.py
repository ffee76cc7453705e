"""Weight files into models: the extension says which reader takes a file."""

from __future__ import annotations

import os
from collections.abc import Sequence

import keras
import numpy as np

from hsm.models.weight_files import slim, torchvision
from hsm.models.weight_files.by_name import assign_by_name, misfit
from hsm.models.weight_files.caffe import Weights, read_caffemodel, to_keras
from hsm.models.weight_files.keras_h5 import read_weights_h5


def load_weights(model: keras.Model, path: str | os.PathLike[str]) -> None:
    """Copy a file's weights into the layers of `model` that have weights, matched by name.

    Layers of the file that the model lacks are left out: a classifier where the model ends before
    it, or the auxiliary classifiers of training. Nothing is changed unless everything fits.

    Args:
        model: a model whose layers are named as in the file, Caffe's and slim's with `.` for `/`;
            for torchvision's file as in slim's.
        path: a `.caffemodel`; a `.weights.h5` as `keras.Model.save_weights` writes it; slim's
            `.ckpt`, or the `.index` of one in parts; torchvision's `.pth`.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If the file has another extension, cannot be read, or lacks a layer, has
            other shapes, or values that are not finite; the layer or variable is named, with what
            was expected and what was received.
        ImportError: If the file is a `.pth` and PyTorch is not installed.
    """
    path = os.fspath(path)
    if path.endswith((".ckpt", ".index")):
        assign_by_name(model, slim.read_checkpoint(path), slim.variable_name, path=path)
    elif path.endswith(".pth"):
        arrays = torchvision.read_state_dict(path)
        assign_by_name(model, arrays, torchvision.variable_name, path=path)
    else:
        _assign_layers(model, _read(path), path)


def _assign_layers(model: keras.Model, arrays: Weights, path: str) -> None:
    """Copy what a file stores layer by layer."""
    layers = [layer for layer in model.layers if layer.weights]
    for layer in layers:
        mismatch = _mismatch(layer, arrays)
        if mismatch:
            rule, received = mismatch
            raise ValueError(
                f"{path}: expected weights of the model {model.name}, whose layer {layer.name} has "
                f"{rule}. Received: {received}. Give a file of the same network."
            )
    for layer in layers:
        layer.set_weights(arrays[layer.name])


def _read(path: str) -> Weights:
    """Return the file's weights by Keras's names and in Keras's layout."""
    if not path.endswith((".caffemodel", ".weights.h5")):
        raise ValueError(
            "expected weights to be a .caffemodel, .weights.h5, .ckpt, .index or .pth file. "
            f"Received: weights={path!r}"
        )
    if not os.path.isfile(path):
        raise FileNotFoundError(
            f"expected weights to be a file that exists. Received: weights={path!r}. Check the "
            "path."
        )
    if path.endswith(".caffemodel"):
        return to_keras(read_caffemodel(path))
    return read_weights_h5(path)


def _mismatch(layer: keras.layers.Layer, arrays: Weights) -> tuple[str, str] | None:
    """Return what was expected of the file's weights for a layer and received, or None."""
    expected = [tuple(weight.shape) for weight in layer.weights]
    if layer.name not in arrays:
        names = _first(sorted(arrays))
        return f"shapes {expected}", f"no such layer among the file's {len(arrays)}: {names}"
    shapes = [np.shape(array) for array in arrays[layer.name]]
    if shapes != expected:
        return f"shapes {expected}", f"{shapes}"
    pairs = zip(layer.weights, arrays[layer.name], expected, strict=True)
    problems = {weight.name: misfit(array, shape) for weight, array, shape in pairs}
    bad = [f"{problem} in its {name}" for name, problem in problems.items() if problem]
    return ("finite numbers", bad[0]) if bad else None


def _first(names: Sequence[str], count: int = 5) -> str:
    """Return the first names, and dots where there are more."""
    return ", ".join(names[:count]) + (", ..." if len(names) > count else "")
