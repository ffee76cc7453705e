"""What an exported network is: `hsm_embedding.json`, and its digest."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from hsm.data import images
from hsm.export.folder import DESCRIPTION
from hsm.export.model_card import RunFacts, write_card
from hsm.layers.backend import require_tensorflow
from hsm.models.embedding import EmbeddingModel
from hsm.models.head import Head


def describe(model: EmbeddingModel, method: str | None = None, **further: Any) -> dict[str, Any]:
    """Return what a reader of the folder wants to know, as JSON values.

    Args:
        model: on square images of a fixed size.
        method: what to call the method; None for the model's own.
        **further: what the format of the export adds.
    """
    own = asdict(model.method) if isinstance(model.method, Head) else model.method
    crop = image_size(model)
    return {
        "method": method or own,
        "backbone": model.backbone.name,
        "embedding_dim": model.embedding_dim,
        "image_size": crop,
        "resize_size": images.resize_size(crop),
        **further,
        "tensorflow": tf.__version__,
        "digest": weights_digest(embedding_variables(model), crop),
    }


def write_description(folder: Path, description: Mapping[str, Any], run: RunFacts) -> None:
    """Write the description and the model card into the folder of an export."""
    text = json.dumps(description, indent=2) + "\n"
    (folder / DESCRIPTION).write_text(text, encoding="utf-8")
    write_card(folder, description, run)


def image_size(model: EmbeddingModel) -> int:
    """Return the side of the model's square input in pixels.

    Raises:
        ValueError: if `model` is no `EmbeddingModel` on square images of a fixed size.
        RuntimeError: if Keras does not compute with TensorFlow.
    """
    require_tensorflow("an export")
    if not isinstance(model, EmbeddingModel):
        raise ValueError(
            "expected model to be an hsm.models.EmbeddingModel; wrap the backbone in one. "
            f"Received: model of type {type(model).__name__}"
        )
    shape = model.backbone.input_shape[1:]
    if shape[0] is None or shape[0] != shape[1]:
        raise ValueError(
            "expected a backbone on square images of a fixed size; build it with "
            f"input_shape=(size, size, 3). Received: input_shape={shape}"
        )
    return int(shape[0])


def embedding_variables(model: EmbeddingModel) -> list[tf.Variable]:
    """Return the variables that an embedding depends on, which leaves out the classifier's."""
    parts: tuple[keras.layers.Layer, ...] = (model.backbone, model.bottleneck, model.normalization)
    return [variable.value for part in parts for variable in part.variables]


def weights_digest(variables: Iterable[Any], side: int) -> str:
    """Return the SHA-256 of an image's side and of shape, type and values of variables in turn.

    Hexadecimal. That of a trained run, of its SavedModel and of its `.keras` file is the same, and
    it is what `hsm.serving` and its indexes call a model's digest.

    Args:
        variables: what an embedding depends on, see `embedding_variables`.
        side: of the square input, in pixels.
    """
    digest = hashlib.sha256(f"{side}".encode())
    for variable in variables:
        array = np.asarray(variable)
        digest.update(f" {array.shape} {array.dtype} ".encode())
        digest.update(array.tobytes())
    return digest.hexdigest()
