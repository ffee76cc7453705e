"""How far a sample is from being classified otherwise: its own logit minus the largest other."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hsm.metrics.validation import checked_embeddings, checked_labels

FloatArray = NDArray[np.float64]


def checked_targets(logits: ArrayLike, labels: ArrayLike) -> tuple[FloatArray, NDArray[np.int64]]:
    """Return `logits` as float64 [n, M] and `labels` as int64 [n].

    Raises:
        ValueError: If the logits are no finite matrix of at least two classes, or the labels are
            not one of 0..M - 1 a row.
    """
    values = checked_embeddings(logits, "logits").astype(np.float64)
    targets = checked_labels(labels, len(values))
    classes = values.shape[1]
    if classes < 2:
        raise ValueError(
            "expected logits of at least two classes: with one there is nothing to tell apart. "
            f"Received: logits.shape={values.shape}"
        )
    if targets.min() < 0 or targets.max() >= classes:
        raise ValueError(
            f"expected labels in 0..{classes - 1}, the columns of logits. "
            f"Received: labels from {targets.min()} to {targets.max()}"
        )
    return values, targets


def margins(logits: ArrayLike, labels: ArrayLike) -> FloatArray:
    """Return z_y - max of z_m over m != y of every sample, [n].

    It is positive where the sample is "correct", z_y > z_m for all m != y, and zero or negative
    where it is "incorrect" (section 3.2).

    Args:
        logits: z, [n, M], M >= 2; alpha scales the result and does not change its sign.
        labels: y, int [n], 0..M - 1.

    Raises:
        ValueError: As `checked_targets`.
    """
    values, targets = checked_targets(logits, labels)
    rows = np.arange(len(values))
    others = values.copy()
    others[rows, targets] = -np.inf
    return values[rows, targets] - others.max(axis=1)


def hardest_others(logits: ArrayLike, labels: ArrayLike) -> NDArray[np.int64]:
    """Return of every sample the class m != y of the largest logit, int64 [n].

    Its weight is the "hard" one of section 3.2. Arguments and errors are those of `margins`.
    """
    values, targets = checked_targets(logits, labels)
    others = values.copy()
    others[np.arange(len(values)), targets] = -np.inf
    return others.argmax(axis=1)
