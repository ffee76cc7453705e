"""Any model that was saved as a `.keras` file as a backbone."""

from __future__ import annotations

import json
import math
import os
import random
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

# Saved networks of this package are found once their layers are registered.
import hsm.layers  # noqa: F401
from hsm.archives import read_members

# Weights take up about as much in memory as in the file.
_MOST_GAINED = 2
_ALWAYS = 2**20  # Bytes that any network may take.


def read_keras_file(path: str, input_shape: tuple[int, int, int]) -> keras.Model:
    """Read a `.keras` file and check that its model is a backbone for these images.

    The model gets RGB pixel values 0..255, so that its preprocessing must be among its layers.
    Its weights and dtype policies are those that it was saved with. Layers that this package and
    Keras lack must be registered with Keras before; code inside the file is not executed.

    Args:
        path: the file.
        input_shape: (height, width, 3) of the images.

    Returns:
        A model from [batch, height, width, 3] to features [batch, d].

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: It cannot be read, describes a network that is larger than the file, has weights
            that are not finite, takes other images, or its output is not [batch, d].
    """
    model = load_keras_file(path)
    _check_input(model, input_shape, path)
    _check_output(model, path)
    return model


def load_keras_file(path: str) -> keras.Model:
    """Read a `.keras` file with any model, as `read_keras_file` does a backbone.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: It cannot be read, describes a network that is larger than the file, or has
            weights that are not finite.
    """
    if not os.path.isfile(path):
        raise FileNotFoundError(
            f"expected a .keras file that exists. Received: name={path!r}. Check the path."
        )
    _check_size(path)
    model = _load(path)
    _check_finite(model, path)
    return model


def _check_size(path: str) -> None:
    """Refuse a file that would have a network built for which it has no weights."""
    try:
        content = dict(read_members(Path(path), lambda name: name == "config.json"))
        described = _described_bytes(json.loads(content["config.json"]))
    except Exception as error:
        raise _unreadable(path, error) from error
    if described > _MOST_GAINED * os.path.getsize(path) + _ALWAYS:
        raise ValueError(
            f"{path}: expected a model that Keras saved as .keras. Received: a description of a "
            f"network of {described:,} bytes, more than the file has. It is damaged; get it again."
        )


def _described_bytes(config: object) -> int:
    """Return the bytes of all variables that a configuration asks for; none of them is made."""
    state = random.getstate()  # From which Keras draws seeds.
    try:
        with tf.Graph().as_default():
            variables = keras.saving.deserialize_keras_object(config, safe_mode=True).variables
            return sum(math.prod(v.shape) * tf.as_dtype(v.dtype).size for v in variables)
    finally:
        random.setstate(state)


def _check_finite(model: keras.Model, path: str) -> None:
    for variable in model.weights:
        value = np.asarray(variable)
        if "float" in value.dtype.name and not np.isfinite(value.astype(np.float32)).all():
            raise ValueError(
                f"{path}: expected finite weights. Received: NaN or infinity in {variable.path}. "
                "The file is damaged; get it again."
            )


def _load(path: str) -> keras.Model:
    """Return the model, without the optimiser and losses that it may have been saved with."""
    try:
        return keras.saving.load_model(path, compile=False)
    except Exception as error:
        raise _unreadable(path, error) from error


def _unreadable(path: str, error: Exception) -> ValueError:
    """Return one error for the many kinds that Keras raises on files that it cannot read."""
    return ValueError(
        f"{path}: expected a model that Keras saved as .keras. Received: a file that cannot be "
        f"read: {error}"
    )


def _check_input(model: keras.Model, input_shape: tuple[int, int, int], path: str) -> None:
    """Refuse models of several inputs, or of images of another size."""
    shape = model.input_shape
    expected = (None, *input_shape)
    fits = (
        isinstance(shape, tuple)
        and len(shape) == 4
        and all(size in (None, required) for size, required in zip(shape, expected, strict=True))
    )
    if not fits:
        raise ValueError(
            f"{path}: expected a model with one input of shape {expected}. Received: {shape}. "
            "Choose the image size that the model was built for."
        )


def _check_output(model: keras.Model, path: str) -> None:
    """Refuse models that end before their pooling, or in several outputs."""
    shape = model.output_shape
    if not (isinstance(shape, tuple) and len(shape) == 2 and isinstance(shape[1], int)):
        raise ValueError(
            f"{path}: expected a model with features [batch, d] as its one output. Received: shape "
            f"{shape}. Save it with a global pooling as its last layer, and without a top."
        )
