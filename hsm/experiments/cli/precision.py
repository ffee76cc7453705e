"""The flag that lets a command compute in numbers that the processor has no instructions for."""

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
    "Compute in bfloat16 or float16 on a processor that has no instructions for it, many times "
    "slower than in float32.",
)


def check_precision(precision: str) -> None:
    """Refuse a `--precision` that no GPU computes and the processor only emulates.

    Args:
        precision: a Keras dtype policy.

    Raises:
        ValueError: if so, unless --allow_emulated_precision is given.
    """
    _check([precision.removeprefix("mixed_")])


def check_model(model: keras.Model) -> None:
    """Refuse a model some of whose layers compute as `check_precision` refuses it.

    Raises:
        ValueError: if so, unless --allow_emulated_precision is given.
    """
    _check(sorted({layer.compute_dtype for layer in model._flatten_layers()}))


def _check(dtypes: Iterable[str]) -> None:
    import tensorflow as tf

    if FLAGS["allow_emulated_precision"].value or tf.config.list_physical_devices("GPU"):
        return
    for dtype in dtypes:
        reason = _reason(dtype)
        if reason:
            raise ValueError(
                f"{dtype} is only emulated here, many times slower than float32: {reason}. Use "
                "--precision=float32, or wait for it with --allow_emulated_precision"
            )


def _reason(dtype: str) -> str | None:
    """Why the processor only emulates `dtype`; None if it does not, or if that is not known."""
    if dtype not in processor.HALF_TYPES or processor.instructions() is None:
        return None
    missing = processor.missing_for(dtype)
    if missing:
        return f"the processor, {processor.name()}, has neither {' nor '.join(missing)}"
    if environment.one_dnn() is False:
        return "TensorFlow uses the instructions for it with oneDNN only, which is switched off"
    return None
