"""What the losses of labelled embeddings share: labels as integers, float32, one number a batch."""

from __future__ import annotations

import math
from abc import abstractmethod
from typing import Any

import keras
import tensorflow as tf


class EmbeddingLoss(keras.losses.Loss):
    """A loss of a whole batch, for `model.fit` or on its own; a subclass defines `batch_loss`.

    Keras passes labels on as float32: they are exact up to 2**24. The loss is float32 whatever the
    dtype of the embeddings, and holds no variables.

    Args:
        **kwargs: `name` and `reduction` of `keras.losses.Loss`; `dtype` has no effect. The value is
            one number a batch, so every reduction but None gives the same.

    Call arguments:
        y_true: Labels, `(batch,)` or `(batch, 1)`; integers of any dtype.
        y_pred: Embeddings, floating-point `(batch, k)`.

    Raises:
        ValueError: In a call, if labels or embeddings have another shape.
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{**kwargs, "dtype": "float32"})

    @abstractmethod
    def batch_loss(self, labels: tf.Tensor, embeddings: tf.Tensor) -> tf.Tensor:
        """Return the loss of a batch.

        Args:
            labels: int32 [b].
            embeddings: float32 [b, k].

        Returns:
            float32 scalar.
        """

    def call(self, y_true: Any, y_pred: Any) -> tf.Tensor:
        """Return the loss of a batch, float32 [1]."""
        embeddings = tf.cast(y_pred, tf.float32)
        if embeddings.shape.rank not in (None, 2):
            raise ValueError(
                f"expected embeddings of shape (batch, k). Received: shape={embeddings.shape}"
            )
        value = self.batch_loss(integer_labels(y_true, like=embeddings), embeddings)
        # Of a scalar Keras would not take a replica's share under a tf.distribute strategy.
        return tf.reshape(value, [1])


def positive(name: str, value: float) -> float:
    """Return an argument of a loss as a float.

    Raises:
        ValueError: unless it is positive and finite; `name` is what the error calls it.
    """
    if not 0.0 < value < math.inf:
        raise ValueError(f"expected {name} to be positive and finite. Received: {name}={value!r}")
    return float(value)


def not_negative(name: str, value: float) -> float:
    """Return an argument of a loss as a float.

    Raises:
        ValueError: unless it is 0 or more and finite; `name` is what the error calls it.
    """
    if not 0.0 <= value < math.inf:
        raise ValueError(f"expected {name} to be 0 or more and finite. Received: {name}={value!r}")
    return float(value)


def integer_labels(labels: Any, *, like: tf.Tensor) -> tf.Tensor:
    """Return labels as int32 [b].

    Args:
        labels: `(b,)` or `(b, 1)`, integers of any dtype, floating-point ones too.
        like: a tensor whose first axis is the batch.

    Raises:
        ValueError: if the labels have another shape, as one-hot ones do.
        tf.errors.InvalidArgumentError: if only a running graph knows that they are not b.
    """
    labels = tf.convert_to_tensor(labels)
    if labels.shape.rank not in (None, 1) and labels.shape[1:] != [1]:
        raise ValueError(
            "expected one integer label an image, of shape (batch,) or (batch, 1), not one-hot "
            f"labels. Received: shape={labels.shape}"
        )
    labels = tf.cast(tf.reshape(labels, [-1]), tf.int32)
    if not labels.shape.is_compatible_with(like.shape[:1]):
        raise ValueError(
            f"expected as many labels as images. Received: {labels.shape[0]} labels, "
            f"{like.shape[0]} images"
        )
    counts = [tf.shape(labels)[0], tf.shape(like)[0]]
    with tf.control_dependencies(
        [tf.debugging.assert_equal(*counts, "expected as many labels as images")]
    ):
        return tf.identity(labels)
