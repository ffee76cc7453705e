"""The lifted structured loss, in its smooth form."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from hsm.losses.embedding_loss import EmbeddingLoss, positive
from hsm.losses.pairwise import positive_pairs, root, same_label, squared_distances
from hsm.losses.tensors import Tensor

# Finite, so that a row without a negative has a gradient: its exponential is 0.
_NONE = -1e30


@keras.saving.register_keras_serializable(package="hsm")
class LiftedStructure(EmbeddingLoss):
    """Every positive pair against all negatives of both of its ends.

    Formula, with D_ij = ||x_i - x_j||, not squared, and P the unordered pairs of one class:

        J_ij = D_ij + log( sum_{k: y_k != y_i} exp(margin - D_ik)
                         + sum_{l: y_l != y_j} exp(margin - D_jl) )
        L = 1 / (2 |P|) sum_{(i, j) in P} ([J_ij]+)^2

    Embeddings are taken as they are, and not meant to have unit length. The gradient of a distance
    of 0 is 0: duplicates do no harm. A batch without a positive pair, or of one class, gives 0.

    The released Caffe layer and TensorFlow's contrib and Addons' `lifted_struct_loss` are this one;
    pytorch-metric-learning's is with LpDistance(normalize_embeddings=False). Its generalized one,
    and tensorflow-similarity's, are other losses.

    Example:
        >>> model.compile("sgd", loss=LiftedStructure())

    Args:
        margin: the distance up to which negatives are pushed; positive. 1 in the released code.
        **kwargs: `name` and `reduction` of `keras.losses.Loss`; `dtype` has no effect.

    Call arguments:
        y_true: labels, `(batch,)` or `(batch, 1)`; integers of any dtype.
        y_pred: embeddings, floating-point `(batch, k)`.

    Raises:
        ValueError: If `margin` is out of range; in a call if a shape is another.

    Reference:
        Oh Song et al., Deep Metric Learning via Lifted Structured Feature Embedding, 2016.
    """

    def __init__(self, margin: float = 1.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.margin = positive("margin", margin)

    def batch_loss(self, labels: Tensor, embeddings: Tensor) -> Tensor:
        """Return the mean over positive pairs, a float32 scalar."""
        distances = root(squared_distances(embeddings))
        pulls = ops.where(same_label(labels), _NONE, self.margin - distances)
        row = ops.logsumexp(pulls, axis=1)
        # log(e^u + e^v) = u + log(1 + e^(v - u)).
        both = row[:, None] + ops.softplus(row[None] - row[:, None])
        pairs = ops.cast(positive_pairs(labels), "float32")
        total = ops.sum(pairs * ops.square(ops.relu(both + distances)))
        return 0.5 * ops.divide_no_nan(total, ops.sum(pairs))

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "margin": self.margin}
