"""What embeds: a SavedModel that hsm exported, a `.keras` file, or a model in memory."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from hsm.archives import read_arrays
from hsm.data import images
from hsm.data.catalog import MAX_PIXELS
from hsm.export import embedding_variables, image_size
from hsm.export.description import weights_digest
from hsm.layers import L2Normalize
from hsm.models.embedding import EmbeddingModel
from hsm.models.keras_file import load_keras_file
from hsm.serving.model_folder import CARD, Found

_NUMBERS = ("embedding_dim", "image_size", "resize_size", "max_pixels")


@dataclass(frozen=True)
class Network:
    """From resized pixels to vectors.

    Attributes:
        embed: uint8 [b, resize_size, resize_size, 3] → float32 [b, embedding_dim], of unit length.
        embedding_dim: numbers of a vector.
        image_size: side in pixels of the central part that is looked at.
        resize_size: side in pixels that images are resized to.
        max_pixels: files of images with more are refused.
        digest: SHA-256, hexadecimal, of the weights and the image size: vectors of networks with
            the same digest can be compared.
    """

    embed: Callable[[Any], Any]
    embedding_dim: int
    image_size: int
    resize_size: int
    max_pixels: int
    digest: str


def load_network(model_files: Found) -> Network:
    """Read what `hsm.serving.model_folder` found.

    Raises:
        ValueError: if it is damaged, no embedding, or not that of the run that was asked for.
    """
    if model_files.path.suffix == ".keras":
        return of_keras_model(load_keras_file(str(model_files.path)), str(model_files.path))
    return _of_saved_model(model_files)


def of_keras_model(model: keras.Model, name: str = "model") -> Network:
    """Return the network of a model in memory.

    Args:
        model: an `EmbeddingModel`, or any model from RGB pixel values 0..255, [b, s, s, 3] of a
            fixed side s, to features [b, k], which are scaled to unit length.
        name: what an error calls it.

    Raises:
        ValueError: if it has other inputs or outputs.
    """
    if isinstance(model, EmbeddingModel):
        side, width, variables = image_size(model), model.embedding_dim, embedding_variables(model)
        vectors = model.embed
    else:
        side, width = _checked_shapes(model, name)
        variables = [variable.value for variable in model.variables]
        vectors = functools.partial(_unit_vectors, model, L2Normalize())
    resize_size = images.resize_size(side)
    shape = [None, resize_size, resize_size, images.CHANNELS]

    @tf.function(input_signature=[tf.TensorSpec(shape, tf.uint8)], autograph=False)
    def embed(pixels: tf.Tensor) -> tf.Tensor:
        return vectors(images.center_crop(pixels, side))

    return Network(embed, width, side, resize_size, MAX_PIXELS, weights_digest(variables, side))


def _unit_vectors(model: keras.Model, unit_length: L2Normalize, pixels: tf.Tensor) -> tf.Tensor:
    return unit_length(model(tf.cast(pixels, tf.float32), training=False))


def _of_saved_model(model_files: Found) -> Network:
    card = _read_card(model_files.path / CARD)
    try:
        module = tf.saved_model.load(str(model_files.path))
        module.signatures["serving_default"]
        variables = module.embedding_variables
    except (OSError, ValueError, KeyError, AttributeError, tf.errors.OpError) as error:
        raise ValueError(
            f"{model_files.path}: expected a SavedModel that hsm exported. Received: one that "
            f"cannot be read: {error}. Export it again."
        ) from error
    _check_is_of_run(variables, model_files)
    digest = weights_digest(variables, card["image_size"])

    def embed(pixels: Any) -> Any:
        # A signature by itself does not keep the module's variables.
        return module.signatures["serving_default"](images=tf.constant(pixels))["embedding"]

    return Network(embed, **card, digest=digest)


def _read_card(path: Path) -> dict[str, int]:
    """Return the numbers that the network is used with."""
    try:
        card: dict[str, Any] = json.loads(path.read_bytes())
        numbers = {name: int(card[name]) for name in _NUMBERS}
        if min(numbers.values()) < 1:
            raise ValueError(f"numbers of at least 1 expected, not {numbers}")
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise ValueError(
            f"expected a SavedModel that hsm exported, with {CARD} in it. Received: {path}, which "
            f"is missing or damaged ({error}). Export the run again with hsm.experiments.export."
        ) from error
    return numbers


def _check_is_of_run(variables: Iterable[Any], model_files: Found) -> None:
    """Refuse the SavedModel beside a run if it was exported of another one."""
    if model_files.checkpoint is None:
        return
    trained = {(a.shape, a.tobytes()) for a in read_arrays(model_files.checkpoint).values()}
    exported = (np.asarray(variable) for variable in variables)
    if any((array.shape, array.tobytes()) not in trained for array in exported):
        raise ValueError(
            f"expected {model_files.path} to be the export of the run "
            f"{model_files.checkpoint.parent}. Received: that of other weights. "
            f"{model_files.remedy}"
        )


def _checked_shapes(model: keras.Model, name: str) -> tuple[int, int]:
    """Return the side of the images and the width of the features of any model."""
    taken: Any = getattr(model, "input_shape", None)
    given: Any = getattr(model, "output_shape", None)
    fits_in = isinstance(taken, tuple) and len(taken) == 4 and taken[3] == images.CHANNELS
    fits_out = isinstance(given, tuple) and len(given) == 2 and given[1] is not None
    if not (fits_in and fits_out and taken[1] is not None and taken[1] == taken[2]):
        raise ValueError(
            f"{name}: expected an hsm.models.EmbeddingModel, or a model from square RGB images of "
            f"a fixed size, [b, s, s, 3], to features [b, k]. Received: {taken} to {given}. Save "
            "it with input_shape=(s, s, 3) and a global pooling as its last layer."
        )
    return int(taken[1]), int(given[1])
