"""Backbones, and the embedding models of the methods SM, LN and BN on top of them.

A name is imported on first use (PEP 562), so that `hsm.models.backbone_specs`, which says which
backbones there are, answers without loading TensorFlow.
"""

from __future__ import annotations

import importlib
from typing import Any

_HOMES = {
    "ConvNet": "convnet",
    "EmbeddingModel": "embedding",
    "GoogLeNet": "googlenet",
    "Head": "head",
    "HeadOptions": "head",
    "InceptionV1": "inception_v1",
    "LeNet": "lenet",
    "StridedConvNet": "strided_convnet",
    "build_backbone": "backbones",
    "with_example_dropout": "exchange",
    "with_unbiased_variance": "exchange",
}

__all__ = sorted(_HOMES)


def __getattr__(name: str) -> Any:
    """Import the public name `name` from its module the first time that it is asked for."""
    if name in _HOMES:
        return getattr(importlib.import_module(f"hsm.models.{_HOMES[name]}"), name)
    raise AttributeError(f"module 'hsm.models' has no attribute {name!r}")


def __dir__() -> list[str]:
    """List the public names beside what the module already holds."""
    return sorted({*globals(), *_HOMES})
