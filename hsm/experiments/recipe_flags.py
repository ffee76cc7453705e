"""The flags that override a recipe: one for every hyper-parameter, under its name."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from absl import flags

from hsm.experiments import backbone_names
from hsm.experiments.hyperparameters import (
    HEATINGS,
    NMI_AVERAGES,
    OPTIMIZERS,
    PRECISIONS,
    PROFILES,
)

_N = TypeVar("_N", int, float)

FLAGS = flags.FLAGS
_FROM_RECIPE = "Default: the data set's recipe, which --dry_run prints."


def _number(name: str, text: str, lower_bound: int | None = 1) -> None:
    flags.DEFINE_integer(name, None, f"{text} {_FROM_RECIPE}", lower_bound=lower_bound)


def _fraction(name: str, text: str, lower_bound: float | None = None) -> None:
    flags.DEFINE_float(name, None, f"{text} {_FROM_RECIPE}", lower_bound=lower_bound)


def _choice(name: str, text: str, allowed: tuple[str, ...]) -> None:
    flags.DEFINE_enum(name, None, list(allowed), f"{text} {_FROM_RECIPE}")


def _switch(name: str, text: str) -> None:
    flags.DEFINE_bool(name, None, f"{text} {_FROM_RECIPE}")


flags.DEFINE_enum(
    "profile",
    "paper",
    list(PROFILES),
    "Whose recipe: the text of the paper, or the code that its authors released (official).",
)

# Network.
flags.DEFINE_string("backbone", None, f"{backbone_names.HELP}. {_FROM_RECIPE}")
_number("image_size", "Side of the square crops in pixels; images are resized to 256/224 of it.")
_switch("random_crops", "Crop training images at random places; --norandom_crops takes the centre.")
_switch(
    "crop_last_place",
    "Let training crops lie at the greatest offset, too: 0 to 32 of 256 - 224, not 0 to 31.",
)
_number("embedding_dim", "Width of the embedding.")
_switch("scale_bias", "Multiply the classifier's bias by alpha, too (eq. 1).")
_switch(
    "learned_alpha", "Train alpha with the weights, from 1, instead of setting it; for LN and BN."
)
_switch(
    "norm_term",
    "Keep the factor 1 / ||f|| in the gradient (eq. 11); --nonorm_term leaves it out, for LN and "
    "HLN (end of section 3.3).",
)
_switch(
    "unbiased_variance",
    "Average the unbiased variance in batch normalisation, as TensorFlow 1 does.",
)

# Updates.
_number("batch_size", "Images a step.")
_fraction(
    "label_smoothing",
    "Share of every label that is spread evenly over all classes; 0.1 in the released code's "
    "baseline, with SM.",
    0.0,
)
_choice("optimizer", "sgd (with --momentum) or adam (with --adam_epsilon).", OPTIMIZERS)
_fraction("momentum", "Momentum of sgd.", 0.0)
_switch(
    "raw_momentum",
    "Keep the learning rate out of sgd's momentum, as TensorFlow 1 does: gradients from before the "
    "switch then count with the new rate.",
)
_fraction(
    "adam_epsilon",
    "Epsilon of adam; 0.01 where --optimizer=adam replaces a recipe's sgd. With one as small as "
    "Keras' 1e-7 the first steps can destroy pretrained weights.",
    0.0,
)
_choice(
    "precision",
    "Arithmetic of the backbone. mixed_bfloat16 is about twice as fast on processors with AVX-512 "
    "BF16 or AMX.",
    PRECISIONS,
)
_switch(
    "xla",
    "Compile training steps with XLA, which takes a while at the start.",
)
_switch(
    "warm_up",
    "Before training, move the averages of batch normalisation over an epoch of central crops, "
    "and nothing else.",
)
_switch(
    "class_mean_init",
    "Before training, set the classifier's weights to the training classes' mean features.",
)

# Schedule.
_fraction("alpha", "Reciprocal of the temperature before the switch.")
_fraction("learning_rate", "Learning rate before the switch.")
_number("epochs", "Epochs before the switch.")
_number(
    "heated_epochs",
    "Epochs after the switch; SM, LN and BN train as many further ones unheated.",
    0,
)
_choice(
    "heating",
    "How HLN and HBN heat up: at a switch, or gradually from the start (section 3.4, strategies ii "
    "and i).",
    HEATINGS,
)
_fraction("heated_alpha", "Reciprocal of the temperature after the switch.")
flags.DEFINE_float(
    "heated_learning_rate",
    None,
    "Learning rate after the switch. Default: a tenth of --learning_rate.",
)
_number("gradual_every", "Epochs between two steps of --heating=gradual.")
_fraction("gradual_alpha_divisor", "What such a step divides alpha by.")
_fraction("gradual_rate_factor", "What such a step multiplies the learning rate with.")

# Scores.
_number("eval_every", "Epochs between evaluations; the switch and the end are always evaluated.")
_number("test_batch_size", "Images embedded at once.")
_fraction(
    "test_epsilon",
    "Added to a tested feature's squared length before it is divided by its root.",
    0.0,
)
flags.DEFINE_list("ks", None, f"The K of Recall@K. {_FROM_RECIPE}")
_number("kmeans_starts", "Starts of k-means, of which the best counts.")
_choice("nmi", "Mean of the entropies in the NMI that tables show.", NMI_AVERAGES)


def given(recipe: Mapping[str, Any]) -> dict[str, Any]:
    """The hyper-parameters of `recipe` that a flag sets.

    Raises:
        ValueError: if --ks holds something else than whole numbers.
    """
    values = {key: FLAGS[key].value for key in recipe if FLAGS[key].value is not None}
    if "ks" in values:
        values["ks"] = tuple(whole_numbers("ks"))
    return values


def whole_numbers(flag: str, default: Sequence[int] = ()) -> Sequence[int]:
    """The value of the list flag `flag`, or `default` where it was not given.

    Raises:
        ValueError: if it holds something else than whole numbers.
    """
    return _numbers(flag, default, int, "whole numbers")


def numbers(flag: str, default: Sequence[float] = ()) -> Sequence[float]:
    """The value of the list flag `flag`, or `default` where it was not given.

    Raises:
        ValueError: if it holds something else than numbers.
    """
    return _numbers(flag, default, float, "numbers")


def _numbers(
    flag: str, default: Sequence[_N], kind: Callable[[str], _N], what: str
) -> Sequence[_N]:
    if FLAGS[flag].value is None:
        return default
    texts: list[str] = FLAGS[flag].value or [""]
    try:
        return [kind(text) for text in texts]
    except ValueError as error:
        raise ValueError(
            f"--{flag} takes {what} separated by commas. Received: {','.join(texts)!r}"
        ) from error
