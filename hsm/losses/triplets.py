"""Batches that are laid out as triplets: anchors, then positives, then negatives."""

from __future__ import annotations

from typing import Any, NamedTuple

from keras import ops

from hsm.losses.pairwise import root
from hsm.losses.tensors import Tensor, checked, static_shape


class TripletDistances(NamedTuple):
    """Squared distances of t triplets, float32 [t] each."""

    positive: Tensor
    negative: Tensor


def triplet_distances(labels: Tensor, embeddings: Tensor) -> TripletDistances:
    """Return how far positives and negatives lie from their anchors, squared.

    Args:
        labels: int32 [3 t].
        embeddings: float32 [3 t, k]: t anchors, their t positives, and their t negatives.

    Raises:
        ValueError: if the batch cannot be divided by 3.
        tf.errors.InvalidArgumentError: if a positive is not of its anchor's class, or a negative
            is, or if only a running graph knows that the batch cannot be divided by 3. XLA leaves
            these checks out. On PyTorch a ValueError.
    """
    batch = (static_shape(embeddings) or (None,))[0]
    layout = "expected a batch of anchors, then their positives, then their negatives"
    if batch is not None and batch % 3:
        raise ValueError(
            "expected a batch of anchors, positives and negatives, a multiple of 3. Received: "
            f"{batch} embeddings"
        )
    anchor, positive, negative = _thirds(labels, [3, -1])
    embeddings = checked(
        embeddings,
        ("equal", anchor, positive, f"{layout}: of one class each"),
        ("none_equal", anchor, negative, f"{layout}: of another class"),
    )
    anchors, *others = _thirds(embeddings, [3, -1, ops.shape(embeddings)[-1]])
    return TripletDistances(*(ops.sum(ops.square(anchors - x), axis=-1) for x in others))


def _thirds(rows: Tensor, shape: list[Any]) -> tuple[Tensor, Tensor, Tensor]:
    blocks = ops.reshape(rows, shape)
    return blocks[0], blocks[1], blocks[2]


def unsquared(distances: TripletDistances) -> TripletDistances:
    """Return the distances themselves, with a gradient of 0 where they are 0."""
    return TripletDistances(root(distances.positive), root(distances.negative))
