"""Which of Keras's backends a part of hsm needs."""

from __future__ import annotations

import keras


def require_tensorflow(owner: str) -> None:
    """Refuse to make what calls TensorFlow itself under another backend of Keras.

    Args:
        owner: what is made, as its user calls it.

    Raises:
        RuntimeError: if Keras computes with something else.
    """
    if keras.config.backend() != "tensorflow":
        raise RuntimeError(
            f"expected Keras on TensorFlow for {owner}. Received: the backend "
            f"{keras.config.backend()}. Set KERAS_BACKEND=tensorflow before Keras is imported."
        )
