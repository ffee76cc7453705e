"""Rows beside the five methods: baselines and controls, as changes to a configuration."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from hsm.experiments.config import METHODS, RunConfig

# The rows that take one step of the switch of BN to HBN.
_CONTROLS = ("HBN, α kept", "HBN, rate kept")

# What rows are called whose settings were chosen by trials.
TUNED = "tuned"

# Name → what it is.
VARIANTS: Mapping[str, str] = MappingProxyType(
    {
        "label_smoothing": "SM with labels smoothed by 0.1, a baseline of the released code",
        "learned_alpha": "BN whose alpha is trained, from 1, an option of the released code",
        "gradual": "HBN heated up gradually from the start, strategy i of section 3.4",
        "no_norm_term": "LN without the factor 1 / ||f|| in its gradient, end of section 3.3",
        "alpha_only": "HBN whose rate stays when alpha is switched",
        "rate_only": "HBN whose alpha stays when the rate is switched",
        "hdc_3x128": "hdc with the original width, three heads of 128",
    }
)

_METHOD_OF = {
    "label_smoothing": "SM",
    "learned_alpha": "BN",
    "gradual": "HBN",
    "no_norm_term": "LN",
    "alpha_only": "HBN",
    "rate_only": "HBN",
    "hdc_3x128": "hdc",
}


def vary(config: RunConfig, variant: str) -> RunConfig:
    """Return `config` changed into the row `variant`, one of `VARIANTS`, of any method.

    Raises:
        ValueError: if there is no such variant.
    """
    changes: dict[str, dict[str, Any]] = {
        "label_smoothing": {"label_smoothing": 0.1},
        "learned_alpha": {"learned_alpha": True},
        "gradual": {"heating": "gradual"},
        "no_norm_term": {"norm_term": False},
        "alpha_only": {"heated_learning_rate": config.learning_rate},
        "rate_only": {"heated_alpha": config.alpha},
        # Where all rows are as wide, it is the method itself.
        "hdc_3x128": {"embedding_dim": 384, "hdc_3x128": config.embedding_dim != 384},
    }
    return replace(config, method=method_of(variant), **changes[variant])


def method_of(variant: str) -> str:
    """Return the method that `variant` is one of.

    Raises:
        ValueError: if there is no such variant.
    """
    if variant not in _METHOD_OF:
        raise ValueError(
            f"expected variant to be one of {', '.join(VARIANTS)}. Received: variant={variant!r}"
        )
    return _METHOD_OF[variant]


def options(config: RunConfig) -> tuple[str, ...]:
    """Return in words what a configuration adds to its method; nothing for most."""
    if config.tuned:
        return (*lacking(config), TUNED)
    options = []
    if config.label_smoothing:
        options.append(f"label smoothing {config.label_smoothing:g}")
    if config.learned_alpha:
        options.append("learned α")
    if not config.norm_term:
        options.append("gradient without norm term")
    if config.is_heated:
        options += _heating(config)
    options += lacking(config)
    if config.method == "hdc":
        options += _heads(config)
    return tuple(options)


def lacking(config: RunConfig) -> tuple[str, ...]:
    """Return in words what the method could use and the data does not have."""
    could_use = config.traits.annotated_head is not None
    return ("no landmarks",) if could_use and not config.landmarks else ()


def label(config: RunConfig) -> str:
    """Return what a row of this configuration is called, such as "SM, label smoothing 0.1"."""
    return ", ".join((config.method, *options(config)))


def standing_order(labels: Iterable[str]) -> tuple[str, ...]:
    """Return the distinct labels as tables list them: by method, a method before its variants."""
    distinct, standing = dict.fromkeys(labels), METHODS.standing
    return tuple(sorted(distinct, key=lambda n: (standing.index(_method(n)), n != _method(n))))


def comparisons(labels: Iterable[str]) -> tuple[tuple[str, str], ...]:
    """Return the pairs of rows in `labels` of which tables show the first minus the second."""
    present = tuple(labels)
    # What Table 1 is about; a variant is compared with its own method besides.
    pairs = [*METHODS.pairs, *((f"{a}, {TUNED}", f"{b}, {TUNED}") for a, b in METHODS.pairs)]
    for name in standing_order(present):
        if name in _CONTROLS:
            pairs += [(name, "BN"), ("HBN", name)]
        elif name not in METHODS:
            pairs.append((name, _method(name)))
    return tuple(pair for pair in pairs if set(pair) <= set(present))


def _method(name: str) -> str:
    return name.split(",")[0]


def _heads(config: RunConfig) -> list[str]:
    heads = ["3 × 128"] if config.hdc_3x128 else []
    return [*heads, "cascade"] if config.hdc_cascade else heads


def _heating(config: RunConfig) -> list[str]:
    if config.is_gradual:
        return ["gradual"]
    changes = []
    if config.heated_alpha == config.alpha:
        changes.append("α kept")
    if config.heated_learning_rate == config.learning_rate:
        changes.append("rate kept")
    return changes
