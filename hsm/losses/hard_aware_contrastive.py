"""The contrastive loss of a cascade of heads, each on harder pairs than the one before."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from hsm.losses.embedding_loss import EmbeddingLoss, positive
from hsm.losses.pairwise import same_label, squared_distances
from hsm.losses.tensors import Tensor, places


@keras.saving.register_keras_serializable(package="hsm")
class HardAwareContrastive(EmbeddingLoss):
    """Sum over heads of a contrastive loss over each head's hardest pairs.

    Formula, for the unordered pairs (i, j) of a batch and a head's embeddings x of unit length:

        l_ij = ||x_i - x_j||^2                               of one class
        l_ij = negative_weight [margin - ||x_i - x_j||^2]+   of two

    A head keeps the share h of positive pairs with the largest l, and of negative pairs likewise,
    each number rounded down, and its loss is the mean of l over the kept pairs that are not 0. The
    choice is not differentiated, and positive pairs at distance 0 are none. A head that keeps
    nothing counts 0.

    Every head ranks all pairs by its own l, as in the released code. With cascade=True head k + 1
    ranks only the pairs that head k kept, as in the paper's text: its share is of those.

    The released code counts negative pairs twice in the mean that it prints and leaves out the 2 of
    the gradient of a squared distance. pytorch-metric-learning's `HDCMiner` is the cascade, but
    rounds up and ranks distances; its `ContrastiveLoss` is linear in them.

    Example:
        >>> loss = HardAwareContrastive(shares=(1.0, 0.5, 0.2))
        >>> value = loss(labels, keras.ops.concatenate([first, second, third], axis=-1))

    Args:
        shares: h for each head, from the shallowest; more than 0, at most 1.
        margin: squared distance up to which negative pairs are pushed; positive.
        negative_weight: factor of negative pairs; positive. 10 in the released code.
        cascade: whether a head sees only what the one before kept.
        widths: dimensions of each head side by side; None for equal ones.
        **kwargs: `name` and `reduction` of `keras.losses.Loss`; `dtype` has no effect.

    Call arguments:
        y_true: labels, `(batch,)` or `(batch, 1)`; integers of any dtype.
        y_pred: the heads' embeddings side by side, floating-point `(batch, heads * k)`, or outside
            of `model.fit` a list of them, `(batch, k)` each.

    Raises:
        ValueError: If an argument is out of range; in a call if a shape is another or the heads are
            not as many as the shares.

    Reference:
        Yuan, Yang and Zhang, Hard-Aware Deeply Cascaded Embedding, 2017.
    """

    def __init__(
        self,
        shares: Sequence[float] = (1.0, 0.5, 0.2),
        *,
        margin: float = 1.0,
        negative_weight: float = 10.0,
        cascade: bool = False,
        widths: Sequence[int] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if not shares or not all(0.0 < share <= 1.0 for share in shares):
            raise ValueError(
                "expected shares to be more than 0 and at most 1, one for each head. "
                f"Received: shares={shares!r}"
            )
        if widths is not None and (len(widths) != len(shares) or min(widths) < 1):
            raise ValueError(
                "expected widths to be at least 1, one for each of the shares. "
                f"Received: widths={widths!r}, shares={shares!r}"
            )
        self.shares = tuple(float(share) for share in shares)
        self.widths = None if widths is None else tuple(int(width) for width in widths)
        self.margin = positive("margin", margin)
        self.negative_weight = positive("negative_weight", negative_weight)
        self.cascade = bool(cascade)

    def call(self, y_true: Any, y_pred: Any) -> Tensor:
        """Return the sum of the heads' losses, float32 [1]."""
        if isinstance(y_pred, list | tuple):
            widths = tuple(head.shape[-1] for head in y_pred)
            if widths != (self.widths or len(self.shares) * widths[:1]):
                raise ValueError(
                    f"expected {len(self.shares)} heads of one dimension, or of those of `widths`, "
                    "because there are so many shares. "
                    f"Received: shapes {[tuple(head.shape) for head in y_pred]}"
                )
            y_pred = ops.concatenate([ops.cast(head, "float32") for head in y_pred], axis=-1)
        return super().call(y_true, y_pred)

    def batch_loss(self, labels: Tensor, embeddings: Tensor) -> Tensor:
        """Return the sum of the heads' losses, a float32 scalar."""
        heads = self._heads(embeddings)
        same = same_label(labels)
        place = places(labels)
        once = place[:, None] < place[None]
        candidates, total = once, 0.0
        for head, share in zip(heads, self.shares, strict=True):
            losses = self._pair_losses(squared_distances(head), same)
            kept = _hardest(losses, candidates & same & (losses > 0.0), share)
            kept = kept | _hardest(losses, candidates & ~same, share)
            number = ops.sum(ops.cast(kept & (losses > 0.0), "float32"))
            total += ops.divide_no_nan(ops.sum(ops.where(kept, losses, 0.0)), number)
            candidates = kept if self.cascade else once
        return total

    def _heads(self, embeddings: Tensor) -> list[Tensor]:
        """Return the embeddings of each head, float32 [b, width]."""
        width = embeddings.shape[-1]
        fits = width is not None and (
            width % len(self.shares) == 0 if self.widths is None else width == sum(self.widths)
        )
        if not fits:
            rule = "a multiple of their number" if self.widths is None else f"{self.widths} wide"
            raise ValueError(
                f"expected embeddings of {len(self.shares)} heads side by side, {rule}. "
                f"Received: shape={embeddings.shape}"
            )
        if self.widths is None:
            return ops.split(embeddings, len(self.shares), axis=-1)
        return ops.split(embeddings, list(itertools.accumulate(self.widths[:-1])), axis=-1)

    def _pair_losses(self, squared: Tensor, same: Tensor) -> Tensor:
        """Return l of all pairs, float32 [b, b]."""
        apart = self.negative_weight * ops.relu(self.margin - squared)
        return ops.where(same, squared, apart)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {
            **super().get_config(),
            "shares": self.shares,
            "margin": self.margin,
            "negative_weight": self.negative_weight,
            "cascade": self.cascade,
            "widths": self.widths,
        }


def _hardest(losses: Tensor, candidates: Tensor, share: float) -> Tensor:
    """Return which candidates, bool [b, b], are among the share of them with the largest loss."""
    number = share * ops.sum(ops.cast(candidates, "float32"))
    flat = ops.reshape(ops.where(candidates, ops.stop_gradient(losses), -1.0), [-1])
    # Of equals the first one is first.
    order = ops.argsort(-flat)
    place = ops.reshape(ops.argsort(order), ops.shape(losses))
    return candidates & (ops.cast(place, "int32") < ops.cast(number, "int32"))
