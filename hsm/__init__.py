"""Heated-Up Softmax Embedding: a classifier, trained hot, is an embedding.

Submodules are imported on first use (PEP 562), so that `import hsm` and every driver's `--help`
answer without loading TensorFlow.

Example:
    import hsm

    head = hsm.layers.TemperatureSoftmaxDense(98, alpha=16.0)
    scores = hsm.metrics.recall_at_k(embeddings, labels, ks=(1, 2, 4, 8))
"""

from __future__ import annotations

import importlib
from types import ModuleType

__version__ = "0.1.0"

_SUBMODULES = (
    "analysis",
    "archives",
    "atomic",
    "cores",
    "data",
    "evaluation",
    "experiments",
    "export",
    "folder_lock",
    "former_names",
    "layers",
    "losses",
    "metrics",
    "models",
    "output_folder",
    "processor",
    "progress",
    "records",
    "schedules",
    "serving",
    "training",
    "visual",
)

__all__ = ["__version__", *_SUBMODULES]


def __getattr__(name: str) -> ModuleType:
    """Import the submodule `name` the first time that it is asked for."""
    if name in _SUBMODULES:
        return importlib.import_module(f"hsm.{name}")
    raise AttributeError(f"module 'hsm' has no attribute {name!r}")


def __dir__() -> list[str]:
    """List the submodules beside what the module already holds."""
    return sorted({*globals(), *_SUBMODULES})
