"""The triplet loss with semi-hard negatives (FaceNet, section 3.2)."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from hsm.losses.embedding_loss import EmbeddingLoss, positive
from hsm.losses.pairwise import positive_pairs, same_label, squared_distances
from hsm.losses.tensors import Tensor

_FALLBACKS = ("farthest", "skip")


@keras.saving.register_keras_serializable(package="hsm")
class TripletSemiHard(EmbeddingLoss):
    """Mean over all anchors and positives of a batch, each with its nearest negative farther away.

    Formula, with D_ij = ||x_i - x_j|| and the mean over all ordered pairs (a, p) of one class:

        mean [D_ap^2 - D_an^2 + margin]+,  n the nearest negative with D_an > D_ap

    The choice of n is not differentiated. Where no negative is farther than the positive,
    `fallback` decides: "farthest" takes the farthest negative there is, that is the easiest of the
    hard ones, and "skip" leaves the pair out of the mean. Embeddings are taken as they are; the
    margin is meant for unit length. A batch without a positive pair, or of one class, gives 0.

    Losses of this name differ. TensorFlow's contrib and Addons' `triplet_semihard_loss` are this
    one with "farthest" and margin 1, Addons since 0.11 with D in place of D^2 unless told
    otherwise. pytorch-metric-learning takes every semi-hard negative inside the margin, D, and the
    mean over non-zero triplets. tensorflow-similarity takes one positive an anchor.

    Example:
        >>> model.compile("adam", loss=TripletSemiHard(margin=0.2))

    Args:
        margin: by how much D_an^2 is to exceed D_ap^2; positive. 0.2 in the paper.
        fallback: "farthest" or "skip".
        **kwargs: `name` and `reduction` of `keras.losses.Loss`; `dtype` has no effect.

    Call arguments:
        y_true: labels, `(batch,)` or `(batch, 1)`; integers of any dtype.
        y_pred: embeddings, floating-point `(batch, k)`.

    Raises:
        ValueError: If an argument is out of range; in a call if a shape is another.

    Reference:
        Schroff et al., FaceNet: A Unified Embedding for Face Recognition and Clustering, 2015.
    """

    def __init__(self, margin: float = 0.2, *, fallback: str = "farthest", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if fallback not in _FALLBACKS:
            raise ValueError(
                f"expected fallback to be one of {_FALLBACKS}, what happens where no negative is "
                f"farther than the positive. Received: fallback={fallback!r}"
            )
        self.margin = positive("margin", margin)
        self.fallback = fallback

    def batch_loss(self, labels: Tensor, embeddings: Tensor) -> Tensor:
        """Return the mean over anchors and positives, a float32 scalar."""
        squared = squared_distances(embeddings)
        negatives = ~same_label(labels)
        chosen, farther = _semi_hard(ops.stop_gradient(squared), negatives)
        usable = positive_pairs(labels) & ops.any(negatives, axis=1, keepdims=True)
        if self.fallback == "skip":
            usable = usable & farther
        negative = ops.take_along_axis(squared, chosen, axis=1)
        losses = ops.relu(squared - negative + self.margin)
        return ops.divide_no_nan(
            ops.sum(ops.where(usable, losses, 0.0)), ops.sum(ops.cast(usable, "float32"))
        )

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "margin": self.margin, "fallback": self.fallback}


def _semi_hard(squared: Tensor, negatives: Tensor) -> tuple[Tensor, Tensor]:
    """Return for each anchor and each example as its positive a negative, int32 [b, b].

    It is the nearest negative that is farther than the positive, or the farthest where none is, as
    the second result, bool [b, b], tells.
    """
    by_distance = ops.where(negatives, squared, float("inf"))
    order = _order(by_distance)
    place = _not_greater(by_distance, squared)
    number = ops.sum(ops.cast(negatives, "int32"), axis=1, keepdims=True)
    farther = place < number
    place = ops.where(farther, place, ops.maximum(number - 1, 0))
    return ops.take_along_axis(order, place, axis=1), farther


def _not_greater(values: Tensor, bounds: Tensor) -> Tensor:
    """Return for each bound how many values of its row are not greater, int32 [b, b].

    Backends search in one sorted row at a time, but sort many: sorted behind all values, a bound
    comes after those that are not greater, and after smaller bounds.
    """
    joined = ops.concatenate([values, bounds], axis=1)
    among_all = _order(_order(joined))[:, ops.shape(values)[1] :]
    return among_all - _order(_order(bounds))


def _order(rows: Tensor) -> Tensor:
    """Return the places that sort each row, of equals the first one first, int32."""
    return ops.cast(ops.argsort(rows, axis=1), "int32")
