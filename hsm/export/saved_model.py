"""A trained embedding as a SavedModel: from raw pixels or image files to unit-length vectors.

Preprocessing runs inside the graph, with the very functions of the evaluation pipeline, so a server
needs TensorFlow and the exported folder only; `hsm` need not be installed there.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import tensorflow as tf

from hsm.data import images
from hsm.data.catalog import MAX_PIXELS
from hsm.export.description import describe, embedding_variables, image_size, write_description
from hsm.export.folder import replacing_folder
from hsm.export.model_card import RunFacts
from hsm.models.embedding import EmbeddingModel

SIGNATURES = ("serving_default", "from_floats", "from_bytes", "from_bytes_lenient")

# Unit vectors in float32, computed by two graphs that may order their sums differently.
_TOLERANCE = 1e-5


def export_saved_model(
    model: EmbeddingModel,
    directory: str | os.PathLike[str],
    *,
    overwrite: bool = False,
    method: str | None = None,
    max_pixels: int = MAX_PIXELS,
    run: RunFacts | None = None,
) -> Path:
    """Write `model` as a SavedModel that preprocesses and embeds; check it by loading it again.

    Signatures, all returning {"embedding": float32 [n, k]} of unit length, n may be 0:

    - `serving_default`: `images`, uint8 [n, height, width, 3], RGB, any size. TensorFlow casts an
      array of floats to uint8 before the graph sees it: 0..1 becomes black;
    - `from_floats`: `images`, float32 [n, height, width, 3], RGB, 0..255, rounded to whole values;
    - `from_bytes`: `encoded`, strings [n], JPEG, PNG, GIF, BMP or WebP files of any sizes, which
      are turned upright as their EXIF tags say. One that `images.decode` refuses is an error of the
      whole call, which of a single file says why, and of several the places;
    - `from_bytes_lenient`: as `from_bytes`, and instead of the error a further output, {"readable":
      bool [n]}; the vector of an image that cannot be read is zero.

    As in section 5.1 and 5.2, an image is resized (for a crop of 224 to 256 x 256, aspect ratio
    ignored), and its centre embedded. The folder also gets `hsm_embedding.json`, which says what
    the vectors are, and a model card, `model_card.md`, with its facts in `model_card.json`. The
    classifier is left out. The folder appears complete or not at all.

    Args:
        model: its backbone takes square images of a fixed size.
        directory: the folder to write; its parents are made.
        overwrite: whether to replace a SavedModel that is there already.
        method: what the description calls the method, such as "HBN"; None for the model's own.
        max_pixels: `from_bytes` refuses a file whose header states more, before it is decoded.
        run: what the model card says of the training; None for what the model itself knows.

    Returns:
        The folder's path.

    Raises:
        FileExistsError: If `directory` exists and may not be replaced, or is no SavedModel.
        OSError: If it cannot be written; what was there stays.
        ValueError: If `model` is no `EmbeddingModel` on square images, or for a limit out of range.
        RuntimeError: If the loaded copy does not reproduce the model's vectors to 1e-5.

    Example:
        embed = tf.saved_model.load(directory).signatures["from_bytes"]
        vectors = embed(encoded=tf.constant([jpeg_bytes]))["embedding"]
    """
    destination, crop = Path(directory), image_size(model)
    with replacing_folder(destination, overwrite=overwrite) as written:
        module, functions = _serving_module(model, crop, max_pixels)
        tf.saved_model.save(module, str(written), signatures=functions)
        _check_reload(model, written, crop)
        run = run or RunFacts(method=method)
        further = {"max_pixels": max_pixels, "signatures": list(SIGNATURES)}
        write_description(written, describe(model, method or run.method, **further), run)
    return destination


def _serving_module(
    model: EmbeddingModel, crop: int, max_pixels: int
) -> tuple[tf.Module, dict[str, Callable[..., dict[str, tf.Tensor]]]]:
    """Return what to save: a module that owns the weights, and its functions by signature."""

    def embed(pixels: tf.Tensor) -> tf.Tensor:
        return tf.cond(
            # Some kernels of TensorFlow refuse a batch without images.
            tf.shape(pixels)[0] > 0,
            lambda: model.embed(pixels),
            lambda: tf.zeros([0, model.embedding_dim]),
        )

    def centre(pixels: tf.Tensor) -> tf.Tensor:
        is_empty = tf.shape(pixels)[0] == 0
        none = tf.zeros([0, crop, crop, images.CHANNELS], tf.uint8)
        return tf.cond(is_empty, lambda: none, lambda: _centre(pixels, crop))

    def batch_of(dtype: tf.DType) -> list[tf.TensorSpec]:
        return [tf.TensorSpec([None, None, None, images.CHANNELS], dtype, name="images")]

    files = [tf.TensorSpec([None], tf.string, name="encoded")]

    @tf.function(input_signature=batch_of(tf.uint8))
    def from_images(pixels: tf.Tensor) -> dict[str, tf.Tensor]:
        return {"embedding": embed(centre(pixels))}

    @tf.function(input_signature=batch_of(tf.float32))
    def from_floats(pixels: tf.Tensor) -> dict[str, tf.Tensor]:
        return {"embedding": embed(centre(tf.saturate_cast(tf.round(pixels), tf.uint8)))}

    @tf.function(input_signature=files)
    def from_bytes(encoded: tf.Tensor) -> dict[str, tf.Tensor]:
        pixels = tf.cond(
            # The error of a single file is the decoder's own, which says why.
            tf.size(encoded) == 1,
            lambda: _decoded_centre(encoded[0], crop, max_pixels)[None],
            lambda: _all_decoded_centres(encoded, crop, max_pixels),
        )
        return {"embedding": embed(pixels)}

    @tf.function(input_signature=files)
    def from_bytes_lenient(encoded: tf.Tensor) -> dict[str, tf.Tensor]:
        pixels, readable = _decoded_centres(encoded, crop, max_pixels)
        vectors = tf.where(readable[:, None], embed(pixels), 0.0)
        return {"embedding": vectors, "readable": readable}

    module = tf.Module()
    module.embedding_variables = embedding_variables(model)
    functions = (from_images, from_floats, from_bytes, from_bytes_lenient)
    return module, dict(zip(SIGNATURES, functions, strict=True))


def _centre(pixels: tf.Tensor, crop: int) -> tf.Tensor:
    """Return what evaluation feeds: uint8 [..., crop, crop, 3] of uint8 [..., height, width, 3]."""
    return images.center_crop(images.resize(pixels, images.resize_size(crop)), crop)


def _decoded_centre(file: tf.Tensor, crop: int, max_pixels: int) -> tf.Tensor:
    """Return what evaluation feeds, uint8 [crop, crop, 3], of an image file, a string scalar."""
    return _centre(images.decode(file, max_pixels=max_pixels), crop)


def _decoded_centres(encoded: tf.Tensor, crop: int, max_pixels: int) -> tuple[tf.Tensor, tf.Tensor]:
    """Return what evaluation feeds of image files, strings [n], and which of them could be read.

    Returns:
        uint8 [n, crop, crop, 3], black where a file cannot be read, and bool [n].
    """
    shape = [crop, crop, images.CHANNELS]
    nothing = tf.data.Dataset.from_tensors((tf.zeros(shape, tf.uint8), False))

    def decoded_or_nothing(file: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        # In a graph, nothing else catches an error.
        decoded = tf.data.Dataset.from_tensors(file).map(
            lambda file: (_decoded_centre(file, crop, max_pixels), True)
        )
        return decoded.ignore_errors().concatenate(nothing).take(1).get_single_element()

    signature = (tf.TensorSpec(shape, tf.uint8), tf.TensorSpec([], tf.bool))
    return tf.map_fn(decoded_or_nothing, encoded, fn_output_signature=signature)


def _all_decoded_centres(encoded: tf.Tensor, crop: int, max_pixels: int) -> tf.Tensor:
    """Return the pixels of `_decoded_centres`; an error names the places of bad files."""
    pixels, readable = _decoded_centres(encoded, crop, max_pixels)
    rule = (
        f"expected image files that can be read, of at most max_pixels={max_pixels} pixels; one of "
        "them alone says why it cannot. Received others at the places, counted from 0:"
    )
    places = tf.where(~readable)[:, 0]
    with tf.control_dependencies(
        [tf.debugging.Assert(tf.reduce_all(readable), [rule, places], summarize=100)]
    ):
        return tf.identity(pixels)


def _check_reload(model: EmbeddingModel, directory: Path, crop: int) -> None:
    """Raise RuntimeError unless all signatures reproduce the model on a random image."""
    shape = (1, crop + 3, 2 * crop + 5, images.CHANNELS)
    pixels = tf.constant(np.random.default_rng(0).integers(0, 256, shape, np.uint8))
    expected = tf.function(model.embed)(_centre(pixels, crop)).numpy()
    signatures = tf.saved_model.load(str(directory)).signatures
    encoded = tf.io.encode_png(pixels[0])[None]
    for name in SIGNATURES:
        (given,) = signatures[name].structured_input_signature[1].values()
        argument = {
            given.name: encoded if given.dtype == tf.string else tf.cast(pixels, given.dtype)
        }
        received = signatures[name](**argument)["embedding"].numpy()
        difference = float(np.max(np.abs(received - expected)))
        if not difference <= _TOLERANCE:
            raise RuntimeError(
                f"expected the exported signature {name!r} to reproduce the model's vectors, to "
                f"{_TOLERANCE:g}. Received: a difference of {difference:.2g}. Nothing was written; "
                "check that the model's vectors are finite."
            )
