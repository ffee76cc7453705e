"""The softmax cross entropy (eq. 2), with or without smoothed labels."""

from __future__ import annotations

import tensorflow as tf


def cross_entropy(labels: tf.Tensor, logits: tf.Tensor, label_smoothing: float = 0.0) -> tf.Tensor:
    """Return every example's cross entropy, -sum_m q_m log p_m, in nats.

    p is the softmax of the logits. With label smoothing s, the target q of an example of class y
    among M classes is (1 - s) [m = y] + s / M; with s = 0 it is the paper's Dirac distribution.

    Example:
        >>> print(cross_entropy([0], [[0.0, 0.0]]).numpy())
        [0.6931472]

    Args:
        labels: int [b], 0..M - 1.
        logits: float32 [b, M].
        label_smoothing: s, 0 or more and less than 1; 0.1 in the released code's baseline.

    Returns:
        float32 [b].

    Raises:
        ValueError: if `label_smoothing` is out of range.
    """
    if not 0.0 <= label_smoothing < 1.0:
        raise ValueError(
            "expected label_smoothing to be 0 or more and less than 1. Received: "
            f"label_smoothing={label_smoothing}"
        )
    if label_smoothing == 0.0:
        return tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits)
    own = tf.one_hot(labels, tf.shape(logits)[-1], dtype=logits.dtype)
    evenly = label_smoothing / tf.cast(tf.shape(logits)[-1], logits.dtype)
    return tf.nn.softmax_cross_entropy_with_logits(
        labels=(1.0 - label_smoothing) * own + evenly, logits=logits
    )
