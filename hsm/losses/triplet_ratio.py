"""The triplet ratio loss with the global loss, as smart mining trains."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from hsm.losses.embedding_loss import EmbeddingLoss, not_negative, positive
from hsm.losses.tensors import Tensor
from hsm.losses.triplets import TripletDistances, triplet_distances, unsquared


@keras.saving.register_keras_serializable(package="hsm")
class TripletRatio(EmbeddingLoss):
    """Ratios of distances in triplets, and mean and variance of distances over all of them.

    Formula, over the triplets (a, p, n) of a batch, with D_ij = ||x_i - x_j||, d+ = D_ap^2 / 4 and
    d- = D_an^2 / 4, which are within 0 and 1 at unit length:

        J_t = mean [1 - D_an / (D_ap + margin)]+
        J_g = var(d+) + var(d-) + mean_weight [mean(d+) - mean(d-) + mean_margin]+
        L = J_t + global_weight J_g

    Variances are over the batch's triplets, divided by their number. The paper states neither
    weight: both are 1 unless given. The triplets are those that a miner chose, laid out in blocks:
    a batch of 3 t images is t anchors, then their t positives, then their t negatives, so that
    `model.fit` must not shuffle it. Labels that tell otherwise are refused, but not by a graph
    that XLA compiles (jit_compile=True). Embeddings are taken as they are.

    Example:
        >>> loss = TripletRatio()([0, 1, 0, 1, 1, 0], embeddings)  # 2 triplets

    Args:
        margin: added to the positive's distance in the ratio; positive. 0.2 in the paper.
        global_weight: weight of the global loss; 0 or more, and 0 leaves it out.
        mean_weight: weight of the means against the variances; 0 or more.
        mean_margin: by how much mean(d-) is to exceed mean(d+); 0 or more. 0.01 in the paper.
        **kwargs: `name` and `reduction` of `keras.losses.Loss`; `dtype` has no effect.

    Call arguments:
        y_true: labels, `(3 t,)` or `(3 t, 1)`; integers of any dtype.
        y_pred: embeddings, floating-point `(3 t, k)`.

    Raises:
        ValueError: If an argument is out of range; in a call if a shape is another.
        tf.errors.InvalidArgumentError: If labels contradict the layout.

    Reference:
        Harwood et al., Smart Mining for Deep Metric Learning, 2017; the global loss: Kumar et al.,
        Learning Local Image Descriptors with Deep Siamese and Triplet Convolutional Networks by
        Minimising Global Loss Functions, 2016.
    """

    def __init__(
        self,
        margin: float = 0.2,
        *,
        global_weight: float = 1.0,
        mean_weight: float = 1.0,
        mean_margin: float = 0.01,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.margin = positive("margin", margin)
        self.global_weight = not_negative("global_weight", global_weight)
        self.mean_weight = not_negative("mean_weight", mean_weight)
        self.mean_margin = not_negative("mean_margin", mean_margin)

    def batch_loss(self, labels: Tensor, embeddings: Tensor) -> Tensor:
        """Return J_t + global_weight J_g, a float32 scalar."""
        squared = triplet_distances(labels, embeddings)
        local = ops.mean(self._ratio(squared))
        return local + self.global_weight * self._global(
            squared.positive / 4.0, squared.negative / 4.0
        )

    def active(self, labels: Tensor, embeddings: Tensor) -> Tensor:
        """Return how many triplets add to J_t, an int64 scalar; arguments as in `batch_loss`."""
        squared = triplet_distances(labels, embeddings)
        return ops.sum(ops.cast(self._ratio(squared) > 0.0, "int64"))

    def _ratio(self, squared: TripletDistances) -> Tensor:
        """Return the terms of J_t, float32 [t]."""
        distance = unsquared(squared)
        return ops.relu(1.0 - distance.negative / (distance.positive + self.margin))

    def _global(self, positive: Tensor, negative: Tensor) -> Tensor:
        """Return J_g from d+ and d-, float32 [t] each."""
        apart = ops.mean(positive) - ops.mean(negative) + self.mean_margin
        variances = ops.var(positive) + ops.var(negative)
        return variances + self.mean_weight * ops.relu(apart)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {
            **super().get_config(),
            "margin": self.margin,
            "global_weight": self.global_weight,
            "mean_weight": self.mean_weight,
            "mean_margin": self.mean_margin,
        }
