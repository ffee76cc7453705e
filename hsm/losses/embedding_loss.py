"""What the losses of labelled embeddings share: labels as integers, float32, one number a batch."""

from __future__ import annotations

import math
from abc import abstractmethod
from typing import Any

import keras
from keras import ops

from hsm.losses.tensors import Tensor, checked, static_shape


class EmbeddingLoss(keras.losses.Loss):
    """A loss of a whole batch, for `model.fit` or on its own; a subclass defines `batch_loss`.

    Keras passes labels on as float32: they are exact up to 2**24. The loss is float32 whatever the
    dtype of the embeddings, and holds no variables.

    Args:
        **kwargs: `name` and `reduction` of `keras.losses.Loss`; `dtype` has no effect. The value is
            one number a batch, so every reduction but None gives the same.

    Call arguments:
        y_true: labels, `(batch,)` or `(batch, 1)`; integers of any dtype.
        y_pred: embeddings, floating-point `(batch, k)`.

    Raises:
        ValueError: In a call, if labels or embeddings have another shape.
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{**kwargs, "dtype": "float32"})

    @abstractmethod
    def batch_loss(self, labels: Tensor, embeddings: Tensor) -> Tensor:
        """Return the loss of a batch.

        Args:
            labels: int32 [b].
            embeddings: float32 [b, k].

        Returns:
            float32 scalar.
        """

    def call(self, y_true: Any, y_pred: Any) -> Tensor:
        """Return the loss of a batch, float32 [1]."""
        embeddings = ops.cast(ops.convert_to_tensor(y_pred), "float32")
        shape = static_shape(embeddings)
        if shape is not None and len(shape) != 2:
            raise ValueError(f"expected embeddings of shape (batch, k). Received: shape={shape}")
        value = self.batch_loss(integer_labels(y_true, like=embeddings), embeddings)
        # Sorting, masks and hinges pass over NaN, in every compiler others.
        value = ops.where(ops.any(ops.isnan(embeddings)), float("nan"), value)
        # Of a scalar Keras would not take a replica's share under a tf.distribute strategy.
        return ops.reshape(value, [1])


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


def integer_labels(labels: Any, *, like: Tensor) -> Tensor:
    """Return labels as int32 [b].

    Args:
        labels: `(b,)` or `(b, 1)`, integers of any dtype, floating-point ones too.
        like: a tensor whose first axis is the batch.

    Raises:
        ValueError: if the labels have another shape, as one-hot ones do.
        tf.errors.InvalidArgumentError: if only a running graph of TensorFlow knows that they are
            not b.
    """
    labels = ops.convert_to_tensor(labels)
    shape = static_shape(labels)
    if shape is not None and len(shape) != 1 and shape[1:] != (1,):
        raise ValueError(
            "expected one integer label an image, of shape (batch,) or (batch, 1), not one-hot "
            f"labels. Received: shape={shape}"
        )
    labels = ops.cast(ops.reshape(labels, [-1]), "int32")
    number, images = ((static_shape(tensor) or (None,))[0] for tensor in (labels, like))
    if None not in (number, images) and number != images:
        raise ValueError(
            f"expected as many labels as images. Received: {number} labels, {images} images"
        )
    sizes = (ops.shape(labels)[0], ops.shape(like)[0])
    return checked(labels, ("equal", *sizes, "expected as many labels as images"))
