"""TFLite files, which LiteRT runs on phones and small boards."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from hsm.export.formats import INPUT, OUTPUT, Embed, Network


def convert_float16(network: Network, path: Path) -> None:
    """Write the network with weights in float16, which are computed with in float32."""
    converter = tf.lite.TFLiteConverter.from_saved_model(str(network.folder))
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.target_spec.supported_types = [tf.float16]
    path.write_bytes(converter.convert())


def convert_int8(network: Network, path: Path) -> None:
    """Write the network with weights and activations in int8; `INPUT` and `OUTPUT` stay float32."""
    calibration = network.calibration
    if calibration is None:
        raise ValueError("expected calibration images for int8. Received: none. Pass some hundred.")

    def samples() -> Iterator[list[NDArray[np.float32]]]:
        for image in calibration:
            yield [image[None]]

    converter = tf.lite.TFLiteConverter.from_saved_model(str(network.folder))
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = samples
    # What has no int8 kernel stays in float32, such as normalisation across channels.
    converter.target_spec.supported_ops = [
        tf.lite.OpsSet.TFLITE_BUILTINS_INT8,
        tf.lite.OpsSet.TFLITE_BUILTINS,
    ]
    path.write_bytes(converter.convert())


def load(path: Path) -> Embed:
    """Return what computes vectors with the file, on as many threads as there are cores."""
    from ai_edge_litert.interpreter import Interpreter

    from hsm.cores import usable_cores

    interpreter = Interpreter(model_path=str(path), num_threads=usable_cores())
    run = interpreter.get_signature_runner("serving_default")

    def embed(pixels: NDArray[np.float32]) -> NDArray[np.float32]:
        vectors: NDArray[np.float32] = run(**{INPUT: pixels})[OUTPUT]
        return vectors

    return embed
