"""What Figure 2's runs start from, every number with its source, as `config.recipes` does.

The text says of them only that LeNet, with a bottleneck of 2, learns from 50,000 images of MNIST.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from hsm.experiments.config.recipes import RECIPES

# The alphas of LN's panels; 16 -> 4 is HLN's.
ALPHAS = (0.25, 4.0, 16.0, 32.0, 64.0)

# By profile, how many of MNIST's 60,000 training images train, in the order of the file the last.
TRAIN_IMAGES = MappingProxyType(
    {
        "paper": 50_000,  # Section 4; which of them is not in the text.
        "official": 55_000,  # The released code's.
    }
)

# Both profiles: what the text leaves out is the released code's.
_PLANE: dict[str, Any] = {
    "backbone": "lenet",  # Section 4.
    "embedding_dim": 2,  # Section 4.
    "image_size": 28,  # MNIST's own.
    "random_crops": False,  # Neither source says that digits are shifted.
    "batch_size": 128,  # The released code's.
    "optimizer": "adam",  # The released code's.
    "learning_rate": 0.001,  # The released code's.
    "adam_epsilon": 1e-8,  # TensorFlow 1's default.
}

_SHORT = {
    "epochs": 12,  # Our choice: the panels have their form by then.
    "heated_epochs": 3,  # Our choice, about as large a part as 19 of 100.
    "eval_every": 5,  # Our choice.
}
_RELEASED = {
    "epochs": 81,  # Of 100.
    "heated_epochs": 19,  # The rest.
    "eval_every": 10,  # Our choice; it decides no result.
    "keep_last_batch": False,  # 55,000 images make 429 steps of 128.
    "warm_up": False,  # LeNet has no batch norm whose averages it would move.
}

# scikit-learn's digits, the stand-in of 8x8 pixels: our choice, for a minute's work.
_DIGITS = {"image_size": 16, "batch_size": 32}
_DIGITS_SHORT = {"epochs": 16, "heated_epochs": 4, "eval_every": 10}


def _recipes(profile: str, epochs: Mapping[str, Any], digits: Mapping[str, Any]) -> Mapping:
    base = {**RECIPES[profile]["mnist"], **_PLANE, **epochs}
    recipes = {"digits": {**base, **_DIGITS, **digits}, "mnist": base}
    return MappingProxyType({name: MappingProxyType(recipe) for name, recipe in recipes.items()})


# Profile → data set → recipe.
FIGURE2_RECIPES: Mapping[str, Mapping[str, Mapping[str, Any]]] = MappingProxyType(
    {
        "paper": _recipes("paper", _SHORT, _DIGITS_SHORT),
        "official": _recipes("official", _RELEASED, {}),
    }
)
