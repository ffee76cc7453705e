"""The profile "official" of the systems that the paper compares with, as changes to its recipes.

Each number is of the system's own paper, code or a list of its settings, and its source stands in
the table of docs/reproduction/profiles.md. What is known of a system and not listed here, such as
weight decay, has no setting; what is not known is the data set's recipe, and ours.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from hsm.experiments.config.methods import METHODS

# Caffe's momentum, which both released codes train with, has the rate inside, as Keras' has.
_CAFFE: dict[str, Any] = {"optimizer": "sgd", "momentum": 0.9, "raw_momentum": False}

_TRIPLET: dict[str, Any] = {"embedding_dim": 64, "loss_setting": 0.2}
_LIFTED: dict[str, Any] = {
    **_CAFFE,
    "embedding_dim": 64,
    "batch_size": 128,
    "learning_rate": 1e-4,
    "heated_epochs": 0,
    "loss_setting": 1.0,
}
_CLUSTERING: dict[str, Any] = {"embedding_dim": 64, "batch_size": 128}
_SMART_MINING: dict[str, Any] = {
    "embedding_dim": 64,
    "learning_rate": 0.1,
    "epochs": 20,
    "heated_epochs": 0,
    "decay_every": 3,
    "decay_factor": 0.5,
    "loss_setting": 0.2,
}
_PROXY_NCA: dict[str, Any] = {
    "embedding_dim": 64,
    "batch_size": 32,
    "epochs": 50,
    "heated_epochs": 0,
    "decay_every": 1,
    "decay_factor": 0.94,
    "loss_setting": 1.0,
}
_HDC: dict[str, Any] = {
    **_CAFFE,
    "embedding_dim": 384,
    "batch_size": 100,
    "hdc_last_rate": 10.0,
    "loss_setting": 1.0,
}

# Method → data set → changes. Epochs are iterations times batch over training images.
_KNOWN: dict[str, dict[str, dict[str, Any]]] = {
    "triplet": {"cars196": _TRIPLET, "cub200": _TRIPLET, "products": _TRIPLET},
    "lifted": {
        "cars196": {**_LIFTED, "epochs": 318},
        "cub200": {**_LIFTED, "epochs": 437},
        "products": {**_LIFTED, "epochs": 43},
    },
    "clustering": {"cars196": _CLUSTERING, "cub200": _CLUSTERING, "products": _CLUSTERING},
    "smart_mining": {"cars196": _SMART_MINING, "cub200": _SMART_MINING},
    "proxy_nca": {"cars196": _PROXY_NCA, "cub200": _PROXY_NCA, "products": _PROXY_NCA},
    "hdc": {
        "cars196": {
            **_HDC,
            "learning_rate": 0.01,
            "epochs": 248,
            "heated_epochs": 0,
            "decay_every": 124,
            "decay_factor": 0.1,
        },
        "cub200": {**_HDC, "learning_rate": 1e-4, "epochs": 1023, "heated_epochs": 0},
        "products": {
            **_HDC,
            "learning_rate": 0.01,
            "epochs": 101,
            "heated_epochs": 0,
            "decay_every": 34,
            "decay_factor": 0.96,
        },
        "inshop": _HDC,
    },
}

COMPARED_OFFICIAL: Mapping[str, Mapping[str, Mapping[str, Any]]] = MappingProxyType(
    {
        method: MappingProxyType(
            {name: MappingProxyType(settings) for name, settings in sets.items()}
        )
        for method, sets in _KNOWN.items()
    }
)


def recipe_of(method: str, dataset: str, recipe: Mapping[str, Any]) -> dict[str, Any]:
    """Return `recipe`, of a data set and a profile, with what is known of `method` in that profile.

    Class means are no start for a method without a softmax's classifier.
    """
    head, own = METHODS[method].head, dict(recipe)
    if head is not None and head.classifier != "softmax":
        own["class_mean_init"] = False
    if recipe["profile"] != "official":
        return own
    return {**own, **COMPARED_OFFICIAL.get(method, {}).get(dataset, {})}
