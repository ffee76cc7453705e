"""OpenVINO files, a graph and its weights, for Intel's processors and others."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hsm.export.formats import INPUT, OUTPUT, Embed, Network


def convert(network: Network, path: Path) -> None:
    """Write the graph, `path`, and beside it `.bin`, the weights in float16."""
    import openvino

    openvino.save_model(openvino.convert_model(str(network.folder)), path)


def load(path: Path) -> Embed:
    """Return what computes vectors with the file on the processor, in float32."""
    import openvino

    # Where the processor has it, OpenVINO computes in bfloat16 unless it is told not to.
    compiled = openvino.compile_model(path, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})

    def embed(pixels: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.array(compiled({INPUT: pixels})[OUTPUT], np.float32)

    return embed
