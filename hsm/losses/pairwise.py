"""Distances of all pairs of a batch, with gradients that stay finite where points coincide."""

from __future__ import annotations

import tensorflow as tf


def squared_distances(points: tf.Tensor) -> tf.Tensor:
    """Return ||x_i - x_j||^2 of all pairs, float32 [b, b], from points float32 [b, k].

    Coordinates are subtracted before they are squared: equal points are at distance 0, and near
    ones at the distance that they have. Memory grows with b * b * k.
    """
    return tf.reduce_sum(tf.square(points[:, None] - points[None]), axis=-1)


def root(squared: tf.Tensor) -> tf.Tensor:
    """Return the square root, elementwise, whose gradient at 0 is 0 instead of infinite."""
    positive = squared > 0.0
    return tf.where(positive, tf.sqrt(tf.where(positive, squared, 1.0)), 0.0)


def same_label(labels: tf.Tensor) -> tf.Tensor:
    """Return which pairs share a label, bool [b, b], each example with itself included."""
    return labels[:, None] == labels[None]


def positive_pairs(labels: tf.Tensor) -> tf.Tensor:
    """Return which pairs are of one class and two examples, bool [b, b]."""
    return tf.linalg.set_diag(same_label(labels), tf.zeros_like(labels, dtype=tf.bool))
