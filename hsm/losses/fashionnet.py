"""The losses of FashionNet's branches, each for one output of a model.

Visibility and category are softmaxes, of logits (batch, landmarks, 3) and (batch, categories):
`keras.losses.SparseCategoricalCrossentropy(from_logits=True)` takes both. Code that trains
FashionNet was never released, and weights and margin are not published: these losses are our
reading of the paper.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from hsm.losses.embedding_loss import EmbeddingLoss, positive
from hsm.losses.tensors import Tensor, static_shape
from hsm.losses.triplets import triplet_distances, unsquared


@keras.saving.register_keras_serializable(package="hsm")
class LandmarkRegression(keras.losses.Loss):
    """Squared distance of predicted landmarks to visible ones.

    Formula, with v_j = 1 for a visible landmark and 0 for any other:

        sum_j v_j ||predicted_j - l_j||^2

    summed over an image's landmarks, mean over images. The location of a landmark that is not
    visible counts nothing, whatever it is.

    Example:
        >>> landmarks = [[[0.0, 0.0, 1.0], [9.0, 9.0, 0.0]]]  # of two the first is visible
        >>> print(LandmarkRegression()(landmarks, [[[3.0, 4.0], [0.0, 0.0]]]).numpy())
        25.0

    Args:
        **kwargs: `name` and `reduction` of `keras.losses.Loss`; `dtype` has no effect.

    Call arguments:
        y_true: `(batch, landmarks, 3)`: x, y and v.
        y_pred: `(batch, landmarks, 2)`: x and y, floating-point.

    Raises:
        ValueError: In a call, if a shape is another.

    Reference:
        Liu et al., DeepFashion: Powering Robust Clothes Recognition and Retrieval with Rich
        Annotations, 2016.
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{**kwargs, "dtype": "float32"})

    def call(self, y_true: Any, y_pred: Any) -> Tensor:
        """Return every image's loss, float32 [b]."""
        landmarks, predicted = _float32(y_true), _float32(y_pred)
        shape = static_shape(predicted) or ()
        if len(shape) != 3 or not _fits(landmarks, (*shape[:-1], 3)):
            raise ValueError(
                "expected landmarks (batch, landmarks, 3) with x, y and whether it is visible, and "
                "predictions (batch, landmarks, 2). Received: "
                f"{landmarks.shape} and {predicted.shape}"
            )
        visible = landmarks[..., 2:] > 0.0
        away = ops.where(visible, predicted - landmarks[..., :2], 0.0)
        return ops.sum(ops.square(away), axis=(1, 2))


@keras.saving.register_keras_serializable(package="hsm")
class AttributeCrossEntropy(keras.losses.Loss):
    """Weighted cross entropies of attributes that an image has or lacks.

    Formula, with a_j = 1 where the image has attribute j, 0 where it lacks it, and p_j the
    logistic function of its logit:

        -sum_j (w_pos a_j log p_j + w_neg (1 - a_j) log(1 - p_j))

    summed over an image's attributes, mean over images. Where it is unknown, it counts nothing.

    Example:
        >>> loss = AttributeCrossEntropy()([[1, -1, 0]], [[0.0, 0.0, 0.0]])
        >>> print(f"{loss:.3f}")  # twice the logarithm of 2
        1.386

    Args:
        positive_weight: w_pos, a number or one for each attribute; 0 or more.
        negative_weight: w_neg, likewise.
        **kwargs: `name` and `reduction` of `keras.losses.Loss`; `dtype` has no effect.

    Call arguments:
        y_true: `(batch, attributes)`: 1 has it, -1 lacks it, 0 unknown, as In-shop's files say it.
        y_pred: logits, floating-point `(batch, attributes)`.

    Raises:
        ValueError: If a weight is out of range; in a call if a shape is another.

    Reference:
        Liu et al., DeepFashion: Powering Robust Clothes Recognition and Retrieval with Rich
        Annotations, 2016.
    """

    def __init__(
        self,
        positive_weight: float | Sequence[float] = 1.0,
        negative_weight: float | Sequence[float] = 1.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**{**kwargs, "dtype": "float32"})
        self.positive_weight = _weight("positive_weight", positive_weight)
        self.negative_weight = _weight("negative_weight", negative_weight)

    def call(self, y_true: Any, y_pred: Any) -> Tensor:
        """Return every image's loss, float32 [b]."""
        attributes, logits = _float32(y_true), _float32(y_pred)
        shape = static_shape(logits) or ()
        if len(shape) != 2 or not _fits(attributes, shape):
            raise ValueError(
                "expected attributes and logits of shape (batch, attributes). Received: "
                f"{attributes.shape} and {logits.shape}"
            )
        weight = ops.where(
            attributes > 0.0, _float32(self.positive_weight), _float32(self.negative_weight)
        )
        entropy = ops.softplus(-attributes * logits)
        return ops.sum(ops.where(attributes == 0.0, 0.0, weight * entropy), axis=1)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {
            **super().get_config(),
            "positive_weight": self.positive_weight,
            "negative_weight": self.negative_weight,
        }


@keras.saving.register_keras_serializable(package="hsm")
class TripletMargin(EmbeddingLoss):
    """The triplet loss over triplets that are laid out in blocks.

    Formula, with D_ij = ||x_i - x_j||, not squared:

        mean [margin + D_ap - D_an]+

    A batch of 3 t images is t anchors, then their t positives, then their t negatives, so that
    `model.fit` must not shuffle it. Labels that tell otherwise are refused, but not by a graph
    that XLA compiles (jit_compile=True).

    Example:
        >>> vectors = [[0.0], [0.5], [0.6]]  # an anchor, its positive, its negative
        >>> print(f"{TripletMargin(margin=0.2)([0, 0, 1], vectors):.1f}")
        0.1

    Args:
        margin: by how much a negative is to be farther than the positive; positive. The paper
            publishes none.
        **kwargs: `name` and `reduction` of `keras.losses.Loss`; `dtype` has no effect.

    Call arguments:
        y_true: labels, `(3 t,)` or `(3 t, 1)`; integers of any dtype.
        y_pred: embeddings, floating-point `(3 t, k)`.

    Raises:
        ValueError: If `margin` is out of range; in a call if a shape is another.
        tf.errors.InvalidArgumentError: If labels contradict the layout.

    Reference:
        Liu et al., DeepFashion: Powering Robust Clothes Recognition and Retrieval with Rich
        Annotations, 2016.
    """

    def __init__(self, margin: float = 0.2, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.margin = positive("margin", margin)

    def batch_loss(self, labels: Tensor, embeddings: Tensor) -> Tensor:
        """Return the mean over triplets, a float32 scalar."""
        distance = unsquared(triplet_distances(labels, embeddings))
        return ops.mean(ops.relu(self.margin + distance.positive - distance.negative))

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "margin": self.margin}


def _float32(values: Any) -> Tensor:
    return ops.cast(ops.convert_to_tensor(values), "float32")


def _fits(tensor: Tensor, expected: tuple[int | None, ...]) -> bool:
    """Return whether a shape is `expected`; where either has None, any number is."""
    shape = static_shape(tensor)
    return shape is None or (
        len(shape) == len(expected)
        and all(None in pair or pair[0] == pair[1] for pair in zip(shape, expected, strict=True))
    )


def _weight(name: str, value: float | Sequence[float]) -> float | list[float]:
    numbers = [float(number) for number in (value if isinstance(value, Sequence) else [value])]
    if not numbers or not all(0.0 <= number < math.inf for number in numbers):
        raise ValueError(
            f"expected {name} to be 0 or more and finite, a number or one for each attribute. "
            f"Received: {name}={value!r}"
        )
    return numbers if isinstance(value, Sequence) else numbers[0]
