"""One door for every weight file: the extension says which reader takes it."""

from __future__ import annotations

import os

import keras

from hsm.models.pretrained.caffe import load_caffemodel


def load_weights(model: keras.Model, path: str | os.PathLike[str]) -> None:
    """Loads a weight file into `model`.

    Args:
        model: a model whose layers are named as in the file.
        path: `.caffemodel`, or `.weights.h5` as `keras.Model.save_weights` writes it.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: another extension, or the file does not fit the model; the layer is named.
    """
    name = os.fspath(path)
    if not name.endswith((".caffemodel", ".weights.h5")):
        raise ValueError(
            f"weights must be a .caffemodel or a .weights.h5 file. Received: weights={name!r}"
        )
    if not os.path.isfile(name):
        raise FileNotFoundError(f"weights: there is no file {name!r}")
    if name.endswith(".caffemodel"):
        load_caffemodel(model, name)
    else:
        model.load_weights(name)
