"""Requests that TensorFlow Serving answers itself when it loads a model, before it takes others.

The first request of a signature costs many times the others, as its graph is optimised then.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from hsm.export.extras import required

WARM_UP = Path("assets.extra", "tf_serving_warmup_requests")

_SIDE = 64


def add_warm_up(folder: Path, name: str) -> Path:
    """Write a request of one picture for every signature into an exported SavedModel.

    The file is read back, and every request answered, before this returns.

    Args:
        folder: of the SavedModel, which is not served yet.
        name: the model's, as a server will call it.

    Returns:
        The file's path: a TFRecord of `PredictionLog`.

    Raises:
        ImportError: without `tensorflow-serving-api`.
        ValueError: if a request does not fit its signature, or its answer is no unit vector.
    """
    protos = prediction_log()
    path = folder / WARM_UP
    path.parent.mkdir(exist_ok=True)
    signatures = tf.saved_model.load(str(folder)).signatures
    with tf.io.TFRecordWriter(str(path)) as writer:
        for signature, function in signatures.items():
            log = protos.PredictionLog()
            spec = log.predict_log.request.model_spec
            spec.name, spec.signature_name = name, signature
            for argument, tensor in _arguments(function):
                log.predict_log.request.inputs[argument].CopyFrom(tf.make_tensor_proto(tensor))
            writer.write(log.SerializeToString())
    check_warm_up(folder)
    return path


def check_warm_up(folder: Path) -> list[str]:
    """Answer the warm-up requests of a SavedModel as a server does.

    Returns:
        The signatures that were asked, in the file's order.

    Raises:
        ImportError: without `tensorflow-serving-api`.
        ValueError: if a request does not fit its signature, or its answer is no unit vector.
    """
    protos, asked = prediction_log(), []
    signatures = tf.saved_model.load(str(folder)).signatures
    for record in tf.data.TFRecordDataset(str(folder / WARM_UP)):
        request = protos.PredictionLog.FromString(record.numpy()).predict_log.request
        signature = request.model_spec.signature_name
        inputs = {name: tf.constant(tf.make_ndarray(p)) for name, p in request.inputs.items()}
        answer = _answer(signatures, signature, inputs)
        lengths = np.linalg.norm(answer, axis=-1)
        if not np.allclose(lengths, 1.0, atol=1e-3):
            raise ValueError(
                f"expected vectors of unit length from the warm-up request of {signature!r}. "
                f"Received: lengths {lengths}. Export the model again."
            )
        asked.append(signature)
    return asked


def prediction_log() -> Any:
    """Return the module of the protos, or raise ImportError with the remedy."""
    return required(
        "tensorflow_serving.apis.prediction_log_pb2", extra="tf-serving", what="Warm-up requests"
    )


def _answer(signatures: Any, signature: str, inputs: dict[str, tf.Tensor]) -> np.ndarray:
    try:
        return signatures[signature](**inputs)["embedding"].numpy()
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(
            f"expected a warm-up request of the signatures {', '.join(signatures)}. Received: "
            f"{signature!r} with {', '.join(inputs)}, which it refuses: {error}. Export again."
        ) from error


def _arguments(function: Any) -> Iterator[tuple[str, tf.Tensor]]:
    """Return what a signature takes, of one picture: its bytes or its pixels."""
    pixels = np.random.default_rng(0).integers(0, 256, (1, _SIDE, _SIDE, 3), np.uint8)
    for argument, given in function.structured_input_signature[1].items():
        is_file = given.dtype == tf.string
        picture = tf.io.encode_jpeg(pixels[0])[None] if is_file else tf.cast(pixels, given.dtype)
        yield argument, picture
