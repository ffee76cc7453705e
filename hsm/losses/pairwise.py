"""Distances of all pairs of a batch, with gradients that stay finite where points coincide."""

from __future__ import annotations

from keras import ops

from hsm.losses.tensors import Tensor, places


def squared_distances(points: Tensor) -> Tensor:
    """Return ||x_i - x_j||^2 of all pairs, float32 [b, b], from points float32 [b, k].

    Coordinates are subtracted before they are squared: equal points are at distance 0, and near
    ones at the distance that they have. Memory grows with b * b * k.
    """
    return ops.sum(ops.square(points[:, None] - points[None]), axis=-1)


def root(squared: Tensor) -> Tensor:
    """Return the square root, elementwise, whose gradient at 0 is 0 instead of infinite.

    That of NaN is NaN, lest a training that diverged look like one that converged.
    """
    zero = squared <= 0.0
    return ops.where(zero, 0.0, ops.sqrt(ops.where(zero, 1.0, squared)))


def same_label(labels: Tensor) -> Tensor:
    """Return which pairs share a label, bool [b, b], each example with itself included."""
    return labels[:, None] == labels[None]


def positive_pairs(labels: Tensor) -> Tensor:
    """Return which pairs are of one class and two examples, bool [b, b]."""
    return same_label(labels) & ~itself(labels)


def itself(rows: Tensor) -> Tensor:
    """Return which pairs of rows are one and the same, bool [b, b]: the diagonal."""
    place = places(rows)
    return place[:, None] == place[None]
