"""The rules of a run's configuration that concern more than one setting, or a name."""

from __future__ import annotations

from typing import Any

from hsm.data.catalog import ALL, SPLITS
from hsm.experiments.config.methods import METHODS
from hsm.models.backbone_specs import is_keras_file
from hsm.models.taps import check_backbone_has_taps


def check_run(config: Any) -> None:
    """Check a configuration against the rules that are not of one number alone.

    Args:
        config: a `RunConfig`, whose module imports this one.

    Raises:
        ValueError: naming the value that breaks a rule.
    """
    if config.method not in METHODS:
        raise ValueError(
            f"expected method to be one of {', '.join(METHODS)}, or one that an imported "
            f"module registers. Received: method={config.method!r}"
        )
    if config.split not in SPLITS:
        raise ValueError(
            f"expected split to be one of {', '.join(SPLITS)}. Received: split={config.split!r}"
        )
    _check_validation(config)
    _check_method(config)
    _check_options(config)


def _check_validation(config: Any) -> None:
    asked = config.validation_classes
    is_share, is_number = 0 <= asked < 1, asked >= 2 and float(asked).is_integer()
    if not (is_share or is_number) or (asked and config.split != ALL):
        raise ValueError(
            "expected validation_classes to be a whole number of at least 2, or a share below "
            f"1, with split={ALL}. Received: validation_classes={asked:g} and "
            f"split={config.split}"
        )


def _check_method(config: Any) -> None:
    if not 0 <= config.seed < 2**32:
        raise ValueError(f"expected seed to be in 0..2**32 - 1. Received: seed={config.seed}")
    fewest = 1 if config.is_heated else 0
    if config.heated_epochs < fewest:
        raise ValueError(
            f"expected heated_epochs to be at least {fewest} for {config.method}. Received: "
            f"heated_epochs={config.heated_epochs}"
        )
    if config.batch_size < 2 and config.normalizes_by_batch:
        raise ValueError(
            f"expected batch_size to be at least 2 for {config.method}: batch normalisation "
            f"needs a batch. Received: batch_size={config.batch_size}"
        )
    if config.is_pretrained and config.weights is None and not is_keras_file(config.backbone):
        raise ValueError(
            "expected `weights`, or a .keras file as `backbone`, for the method pretrained, "
            "which evaluates the feature of a trained backbone. Received: "
            f"weights={config.weights}, backbone={config.backbone}"
        )
    if config.is_pretrained and config.is_classification:
        raise ValueError(
            "expected a method that trains a classifier, which the method pretrained does "
            f"not. Received: split={config.split}. Leave the method out."
        )


def _check_options(config: Any) -> None:
    if config.learned_alpha and not config.uses("learned_alpha"):
        raise ValueError(
            f"expected learned_alpha with the methods {_with('learned_alpha')}, whose alpha no "
            f"schedule sets. Received: method={config.method!r}. Leave the others out."
        )
    if not config.norm_term and not config.uses("norm_term"):
        raise ValueError(
            f"expected norm_term=False with the methods {_with('norm_term')}, which divide by "
            f"the feature's norm. Received: method={config.method!r}. Leave the others out."
        )

    if config.landmarks and config.traits.annotated_head is None:
        raise ValueError(
            "expected landmarks=True with a method that learns them, fashionnet. Received: "
            f"method={config.method!r}"
        )
    if config.head is not None and config.head.bottleneck != "dense":
        check_backbone_has_taps(config.backbone, config.method)
    if config.class_mean_init and config.head is not None and config.head.classifier != "softmax":
        raise ValueError(
            "expected class_mean_init with a method whose classifier is a softmax. Received: "
            f"method={config.method!r}. Leave the others out."
        )
    for name in ("loss_setting", "decay_every"):
        if getattr(config, name) is not None and not config.uses(name):
            raise ValueError(
                f"expected {name} with the methods {_with(name)}. Received: "
                f"method={config.method!r}. Leave the others out."
            )


def _with(setting: str) -> str:
    """Return the methods that use `setting`, as words."""
    return " and ".join(METHODS.with_setting(setting))
