"""From photographs to vectors, and from vectors to the like: embed, keep, search.

A name is imported on first use (PEP 562), so that `import hsm.serving` loads no TensorFlow. Nothing
here needs `hsm.training` or `hsm.experiments`.
"""

from __future__ import annotations

import importlib
from typing import Any

_HOMES = {
    "Calibration": "calibration",
    "Embedder": "embedder",
    "Embeddings": "embeddings",
    "Index": "index",
    "Items": "items",
    "Neighbour": "items",
    "Skipped": "embeddings",
    "UnreadableImages": "embeddings",
    "add_split": "folder",
    "from_qdrant": "qdrant",
    "read_items": "files",
    "to_qdrant": "qdrant",
    "update_from_folder": "folder",
    "write_items": "files",
}

__all__ = sorted(_HOMES)


def __getattr__(name: str) -> Any:
    """Import the public name `name` from its module the first time that it is asked for."""
    if name in _HOMES:
        return getattr(importlib.import_module(f"hsm.serving.{_HOMES[name]}"), name)
    raise AttributeError(f"module 'hsm.serving' has no attribute {name!r}")


def __dir__() -> list[str]:
    """List the public names beside what the module already holds."""
    return sorted({*globals(), *_HOMES})
