"""What losses need beside `keras.ops`: shapes that may be unknown, and rules that labels break."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

# Of the backend that Keras computes with.
Tensor = Any

_HOLDS = {
    "equal": ops.equal,
    "none_equal": ops.not_equal,
    "less": ops.less,
    "greater": ops.greater,
    "greater_equal": ops.greater_equal,
}
# One of `_HOLDS`, what it compares, and what was expected.
Rule = tuple[str, Tensor, Tensor, str]


def static_shape(tensor: Tensor) -> tuple[int | None, ...] | None:
    """Return the shape as far as it is known before the graph runs; None for an unknown rank."""
    return None if getattr(tensor.shape, "rank", 0) is None else tuple(tensor.shape)


def places(tensor: Tensor) -> Tensor:
    """Return 0, 1, … for the rows of `tensor`, int32 [b]."""
    return ops.arange(ops.shape(tensor)[0], dtype="int32")


def checked(tensor: Tensor, *rules: Rule) -> Tensor:
    """Return `tensor`, once the rules hold.

    Where a compiled graph knows values only when it runs, TensorFlow checks them then; JAX, and
    what XLA compiles, leave the check out.

    Raises:
        ValueError: on JAX and PyTorch, if a rule is broken.
        tf.errors.InvalidArgumentError: on TensorFlow.
    """
    if keras.config.backend() == "tensorflow":
        import tensorflow as tf

        checks = [
            getattr(tf.debugging, f"assert_{r}")(a, b, message=text) for r, a, b, text in rules
        ]
        with tf.control_dependencies(checks):
            return tf.identity(tensor)
    for name, left, right, text in rules:
        if not _may_hold(ops.all(_HOLDS[name](left, right))):
            raise ValueError(f"{text}. Received: {left} and {right}")
    return tensor


def _may_hold(condition: Tensor) -> bool:
    """Return whether `condition` is true or traced, so that its value is not known yet."""
    try:
        return bool(condition)
    except Exception:  # Every backend raises its own.
        return True
