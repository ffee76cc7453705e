"""Hyper-parameters a data set starts from. Flags override them; the record holds what was used."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

# Section 5.1: GoogLeNet V1, 224-pixel crops of 256-pixel images, SGD with momentum 0.9 and rate
# 0.004, 64 dimensions, batches of 32, alpha 16 then 4 with a tenth of the rate. "Converges within
# 50 epochs": 40 + 10 is our split.
_PAPER: dict[str, Any] = {
    "backbone": "googlenet",
    "image_size": 224,
    "embedding_dim": 64,
    "batch_size": 32,
    "optimizer": "sgd",
    "momentum": 0.9,
    "alpha": 16.0,
    "heated_alpha": 4.0,
    "learning_rate": 0.004,
    "epochs": 40,
    "heated_epochs": 10,
    "eval_every": 5,
}

# The two small sets are not in the paper: a small network from random weights, everything else as
# in section 5.1.
_SMALL = {**_PAPER, "backbone": "convnet", "image_size": 28}

_RECIPES: dict[str, dict[str, Any]] = {
    "digits": _SMALL,
    "omniglot": _SMALL,
    "image_folder": _PAPER,
}

RECIPES = MappingProxyType({name: MappingProxyType(recipe) for name, recipe in _RECIPES.items()})
DATASETS = tuple(RECIPES)
