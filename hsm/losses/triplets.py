"""Batches that are laid out as triplets: anchors, then positives, then negatives."""

from __future__ import annotations

from typing import NamedTuple

import tensorflow as tf

from hsm.losses.pairwise import root


class TripletDistances(NamedTuple):
    """Squared distances of t triplets, float32 [t] each."""

    positive: tf.Tensor
    negative: tf.Tensor


def triplet_distances(labels: tf.Tensor, embeddings: tf.Tensor) -> TripletDistances:
    """Return how far positives and negatives lie from their anchors, squared.

    Args:
        labels: int32 [3 t].
        embeddings: float32 [3 t, k]: t anchors, their t positives, and their t negatives.

    Raises:
        ValueError: if the batch cannot be divided by 3.
        tf.errors.InvalidArgumentError: if a positive is not of its anchor's class, or a negative
            is, or if only a running graph knows that the batch cannot be divided by 3. XLA leaves
            these checks out.
    """
    batch = embeddings.shape[0]
    layout = "expected a batch of anchors, then their positives, then their negatives"
    if batch is not None and batch % 3:
        raise ValueError(f"{layout}, a multiple of 3. Received: {batch} embeddings")
    anchor, positive, negative = tf.unstack(tf.reshape(labels, [3, -1]))
    checks = [
        tf.debugging.assert_equal(anchor, positive, message=f"{layout}: of one class each"),
        tf.debugging.assert_none_equal(anchor, negative, message=f"{layout}: of another class"),
    ]
    with tf.control_dependencies(checks):
        anchors, *others = tf.unstack(tf.reshape(embeddings, [3, -1, tf.shape(embeddings)[-1]]))
    return TripletDistances(*(tf.reduce_sum(tf.square(anchors - x), axis=-1) for x in others))


def unsquared(distances: TripletDistances) -> TripletDistances:
    """Return the distances themselves, with a gradient of 0 where they are 0."""
    return TripletDistances(root(distances.positive), root(distances.negative))
