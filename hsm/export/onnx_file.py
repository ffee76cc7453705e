"""ONNX files, which ONNX Runtime and many others run."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hsm.export.formats import INPUT, OUTPUT, Embed, Network

# The newest that tf2onnx writes.
_OPSET = 18


def convert(network: Network, path: Path) -> None:
    """Write the network in float32."""
    import tf2onnx

    function = network.function
    tf2onnx.convert.from_function(
        function, input_signature=function.input_signature, opset=_OPSET, output_path=str(path)
    )


def load(path: Path) -> Embed:
    """Return what computes vectors with the file on the processor."""
    import onnxruntime

    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])

    def embed(pixels: NDArray[np.float32]) -> NDArray[np.float32]:
        (vectors,) = session.run([OUTPUT], {INPUT: pixels})
        return np.asarray(vectors, np.float32)

    return embed
