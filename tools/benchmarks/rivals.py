"""What one would use in place of hsm: torch.compile, JAX, and its own exports in other engines."""

from __future__ import annotations

import os
import pkgutil
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.networks import _DIMENSIONS, _batch, _model
from benchmarks.photographs import CLASSES
from benchmarks.settings import Round, Settings

# Images of a request to OpenVINO, of which several are under way at once.
_REQUEST = 8


def train_torch_compiled(settings: Settings) -> Round:
    """Return the steps of PyTorch, compiled by torch.compile."""
    from benchmarks.torch_googlenet import BatchNormalizedClassifier, training_step

    step = training_step(
        BatchNormalizedClassifier(_DIMENSIONS, CLASSES), settings.precision, compiled=True
    )
    pixels, labels = _batch(settings)
    return _steps(lambda: step(pixels, labels), settings)


def embed_torch_compiled(settings: Settings) -> Round:
    """Return the features of PyTorch, compiled with the weights as constants."""
    from benchmarks.torch_googlenet import BatchNormalizedClassifier, embedding_step

    step = embedding_step(
        BatchNormalizedClassifier(_DIMENSIONS, CLASSES), settings.precision, compiled=True
    )
    pixels, _ = _batch(settings)
    return _steps(lambda: step(pixels), settings)


def train_jax(settings: Settings) -> Round:
    """Return the step in plain JAX, once a round: it is far slower."""
    if held := os.environ.get("ONEDNN_MAX_CPU_ISA"):
        os.environ["XLA_FLAGS"] = f"--xla_cpu_max_isa={held}"
    from benchmarks.jax_googlenet import make_weights, training_step

    step = training_step(make_weights(_DIMENSIONS, CLASSES), settings.precision)
    pixels, labels = _batch(settings)

    def train() -> float:
        step(pixels, labels).block_until_ready()
        return settings.batch_size

    return train


def embed_onnx(settings: Settings) -> Round:
    """Vectors by ONNX Runtime from the package's own file."""
    return _embed_exported(settings, "onnx")


def embed_openvino(settings: Settings) -> Round:
    """Vectors by OpenVINO from the package's own file, a batch after the other."""
    import openvino

    compiled = openvino.compile_model(
        _exported(settings, "openvino"), "CPU", {"INFERENCE_PRECISION_HINT": _hint(settings)}
    )
    pixels = _batch(settings)[0].astype(np.float32)
    return _steps(lambda: compiled(pixels), settings)


def embed_openvino_async(settings: Settings) -> Round:
    """Return the same with as many requests under way as OpenVINO thinks best."""
    import openvino

    compiled = openvino.compile_model(
        _exported(settings, "openvino"),
        "CPU",
        {"INFERENCE_PRECISION_HINT": _hint(settings), "PERFORMANCE_HINT": "THROUGHPUT"},
    )
    queue = openvino.AsyncInferQueue(compiled)
    pixels = _batch(settings)[0].astype(np.float32)
    parts = np.array_split(pixels, max(1, len(pixels) // _REQUEST))

    def embed() -> float:
        for _ in range(settings.steps):
            for part in parts:
                queue.start_async(part)
        queue.wait_all()
        return settings.steps * settings.batch_size

    return embed


def _embed_exported(settings: Settings, format: str) -> Round:
    from hsm.export.formats import FORMATS

    embed = pkgutil.resolve_name(FORMATS[format].load)(_exported(settings, format))
    pixels = _batch(settings)[0].astype(np.float32)
    return _steps(lambda: embed(pixels), settings)


def _exported(settings: Settings, format: str) -> Path:
    """Return the file of an export of the float32 network, kept as long as the process."""
    from hsm.export.formats import FORMATS, export_format

    folder = Path(tempfile.mkdtemp()) / format
    export_format(_model(replace(settings, precision="float32")), folder, format)
    return folder / FORMATS[format].file


def _hint(settings: Settings) -> str:
    return "f32" if settings.precision == "float32" else "bf16"


def _steps(step: Callable[[], Any], settings: Settings) -> Round:
    def run() -> float:
        for _ in range(settings.steps):
            step()
        return settings.steps * settings.batch_size

    return run
