"""TF-slim's checkpoints of Inception V1 as named arrays.

The published `inception_v1.ckpt` (release inception_v1_2016_08_28) is one file; what slim writes
today is an `.index` and its data in parts. `tf.train.load_checkpoint` reads both.
"""

from __future__ import annotations

import os

import numpy as np
import tensorflow as tf

# Keras's name of a variable -> slim's, below the layer's scope.
_VARIABLES = {
    "kernel": "weights",
    "gamma": "gamma",
    "beta": "beta",
    "moving_mean": "moving_mean",
    "moving_variance": "moving_variance",
}


def read_checkpoint(path: str) -> dict[str, np.ndarray]:
    """Read every variable.

    Args:
        path: a `.ckpt` file of one piece, the name that an `.index` and its data begin with, or
            the `.index`.

    Returns:
        Slim's variable name -> its value, which has Keras's layout already.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is truncated, no checkpoint, or its data are not beside the index.
    """
    prefix = path.removesuffix(".index")
    if not (os.path.isfile(prefix) or os.path.isfile(f"{prefix}.index")):
        raise FileNotFoundError(
            "expected weights to be a checkpoint that exists, a .ckpt file or an .index with its "
            f"data beside it. Received: weights={path!r}. Check the path."
        )
    try:
        reader = tf.train.load_checkpoint(prefix)
        return {name: reader.get_tensor(name) for name in reader.get_variable_to_shape_map()}
    except Exception as error:  # TensorFlow raises errors of many kinds for damaged bytes.
        raise ValueError(
            f"{path}: expected a checkpoint of TensorFlow. Received: a file that cannot be read: "
            f"{error}. It is truncated, of another kind, or its .data files are missing; get it "
            "again."
        ) from error


def variable_name(layer: str, variable: str) -> str:
    """Return Slim's name of a variable: `InceptionV1/Conv2d_1a_7x7/weights`, `.../BatchNorm/beta`.

    Args:
        layer: a layer of `hsm.models.InceptionV1`, named by slim's scope with `.` for `/`.
        variable: Keras's name of the variable.
    """
    return f"InceptionV1/{layer.replace('.', '/')}/{_VARIABLES.get(variable, variable)}"
