"""Rows beside the five methods: baselines and controls, as changes to a configuration."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from hsm.experiments.config import RunConfig

_Change = Callable[[RunConfig], dict[str, Any]]

_VARIANTS: dict[str, _Change] = {
    # The released code's "static anchor" baseline: alpha 1 and no normalisation, as SM has.
    "label_smoothing": lambda config: {"method": "SM", "label_smoothing": 0.1},
    # The released code's option: a scalar that starts at 1 takes the place of alpha.
    "learned_alpha": lambda config: {"method": "BN", "learned_alpha": True},
    # Section 3.4, strategy (i).
    "gradual": lambda config: {"method": "HBN", "heating": "gradual"},
    # End of section 3.3.
    "no_norm_term": lambda config: {"method": "LN", "norm_term": False},
    # What the switch does, one thing at a time: BN has neither, HBN both.
    "alpha_only": lambda config: {
        "method": "HBN",
        "heated_learning_rate": config.learning_rate,
    },
    "rate_only": lambda config: {"method": "HBN", "heated_alpha": config.alpha},
}

VARIANTS: Mapping[str, _Change] = MappingProxyType(_VARIANTS)


def vary(config: RunConfig, variant: str) -> RunConfig:
    """Returns `config` changed into the row `variant`, one of `VARIANTS`.

    Raises:
        ValueError: if there is no such variant.
    """
    if variant not in VARIANTS:
        raise ValueError(
            f"variant must be one of {', '.join(VARIANTS)}. Received: variant={variant!r}"
        )
    return replace(config, **VARIANTS[variant](config))


def options(config: Mapping[str, Any]) -> tuple[str, ...]:
    """Returns in words what a record's configuration adds to its method; nothing for most.

    Args:
        config: of a record, which may be older than some of the options.
    """
    found = []
    if config.get("label_smoothing"):
        found.append(f"label smoothing {config['label_smoothing']:g}")
    if config.get("learned_alpha"):
        found.append("learned α")
    if not config.get("norm_term", True):
        found.append("gradient without norm term")
    if config["method"].startswith("H"):
        found += _heating(config)
    return tuple(found)


def label(config: Mapping[str, Any]) -> str:
    """Returns what a row of this configuration is called, such as "SM, label smoothing 0.1"."""
    return ", ".join((config["method"], *options(config)))


def _heating(config: Mapping[str, Any]) -> list[str]:
    if config.get("heating") == "gradual":
        return ["gradual"]
    found = []
    if config["heated_alpha"] == config["alpha"]:
        found.append("α kept")
    if config["heated_learning_rate"] == config["learning_rate"]:
        found.append("rate kept")
    return found
