"""The triplet loss with semi-hard negatives (FaceNet, section 3.2)."""

from __future__ import annotations

import math
from typing import Any

import keras
import tensorflow as tf

from hsm.losses.embedding_loss import EmbeddingLoss, positive
from hsm.losses.pairwise import positive_pairs, same_label, squared_distances

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
        margin: By how much D_an^2 is to exceed D_ap^2; positive. 0.2 in the paper.
        fallback: "farthest" or "skip".
        **kwargs: `name` and `reduction` of `keras.losses.Loss`; `dtype` has no effect.

    Call arguments:
        y_true: Labels, `(batch,)` or `(batch, 1)`; integers of any dtype.
        y_pred: Embeddings, floating-point `(batch, k)`.

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

    def batch_loss(self, labels: tf.Tensor, embeddings: tf.Tensor) -> tf.Tensor:
        """Return the mean over anchors and positives, a float32 scalar."""
        squared = squared_distances(embeddings)
        negatives = ~same_label(labels)
        chosen, farther = _semi_hard(tf.stop_gradient(squared), negatives)
        usable = positive_pairs(labels) & tf.reduce_any(negatives, axis=1, keepdims=True)
        if self.fallback == "skip":
            usable &= farther
        losses = tf.nn.relu(squared - tf.gather(squared, chosen, batch_dims=1) + self.margin)
        return tf.math.divide_no_nan(
            tf.reduce_sum(tf.where(usable, losses, 0.0)),
            tf.reduce_sum(tf.cast(usable, tf.float32)),
        )

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "margin": self.margin, "fallback": self.fallback}


def _semi_hard(squared: tf.Tensor, negatives: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Return for each anchor and each example as its positive a negative, int32 [b, b].

    It is the nearest negative that is farther than the positive, or the farthest where none is, as
    the second result, bool [b, b], tells.
    """
    by_distance = tf.where(negatives, squared, math.inf)
    order = tf.argsort(by_distance, axis=1)
    place = tf.searchsorted(tf.gather(by_distance, order, batch_dims=1), squared, side="right")
    number = tf.reduce_sum(tf.cast(negatives, tf.int32), axis=1, keepdims=True)
    farther = place < number
    place = tf.where(farther, place, tf.maximum(number - 1, 0))
    return tf.gather(order, place, batch_dims=1), farther
