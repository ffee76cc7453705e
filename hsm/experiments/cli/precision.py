"""The flag that lets a command train in numbers that the processor has no instructions for."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from absl import flags

from hsm import processor
from hsm.experiments.runs import environment

if TYPE_CHECKING:
    import keras

FLAGS = flags.FLAGS

flags.DEFINE_bool(
    "allow_emulated_precision",
    False,
    "Train in bfloat16 or float16 on a processor that has no instructions for it, several times "
    "slower than in float32.",
)


def check_precision(precision: str) -> None:
    """Refuse to train in a precision that no GPU computes and the processor only emulates.

    Args:
        precision: a Keras dtype policy.

    Raises:
        ValueError: if so, unless --allow_emulated_precision is given.
    """
    _check([precision.removeprefix("mixed_")], remedy="Use --precision=float32")


def check_model(model: keras.Model) -> None:
    """Refuse to train a model some of whose layers compute in such a precision.

    Args:
        model: built, such as a backbone that brings its own policies.

    Raises:
        ValueError: if so, unless --allow_emulated_precision is given.
    """
    dtypes = sorted({layer.compute_dtype for layer in model._flatten_layers()})
    _check(dtypes, remedy="Save the backbone with the dtype policy float32")


def _check(dtypes: Iterable[str], *, remedy: str) -> None:
    import tensorflow as tf

    if FLAGS["allow_emulated_precision"].value or tf.config.list_physical_devices("GPU"):
        return
    for dtype in dtypes:
        reason = _reason(dtype)
        if reason:
            raise ValueError(
                f"expected --precision that this machine computes. Received: --precision={dtype}, "
                f"which is only emulated here, several times slower than float32: {reason}. "
                f"{remedy}, or wait with --allow_emulated_precision."
            )


def _reason(dtype: str) -> str | None:
    """Return why the processor only emulates `dtype`; None if it does not or nobody knows."""
    if dtype not in processor.HALF_TYPES or processor.instructions() is None:
        return None
    missing = processor.missing_for(dtype)
    if missing:
        return f"the processor, {processor.name()}, has neither {' nor '.join(missing)}"
    if environment.one_dnn() is False:
        return "TensorFlow uses the instructions for it with oneDNN only, which is switched off"
    return None
