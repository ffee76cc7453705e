"""What every metric asks of its arrays, said in sentences before anything is computed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray


def checked_embeddings(values: ArrayLike, name: str = "embeddings") -> NDArray[np.generic]:
    """Return `values` as a finite array of real numbers, one vector a row.

    Args:
        values: integers or floats [n, k], n and k at least 1.
        name: the argument's name, for the error.

    Raises:
        ValueError: a wrong rank or type, nothing in it, or a NaN or infinity in it.
    """
    array = np.asarray(values)
    if array.ndim != 2 or 0 in array.shape:
        raise ValueError(
            f"expected {name} to be a matrix [n, k] with at least one row and one column. "
            f"Received: shape={array.shape}. Pass one vector a row."
        )
    if array.dtype.kind not in "iuf":
        raise ValueError(
            f"expected {name} to hold real numbers. Received: dtype={array.dtype}. Cast them to "
            "float32."
        )
    bad = np.flatnonzero(~np.isfinite(array).all(axis=1))
    if bad.size:
        raise ValueError(
            f"expected {name} to be finite. Received: NaN or infinity in {bad.size} of "
            f"{len(array)} rows, first in row {bad[0]}. Look for a training that diverged: a lower "
            "learning rate usually helps."
        )
    return array


def checked_labels(values: ArrayLike, count: int | None, name: str = "labels") -> NDArray[np.int64]:
    """Return `values` as int64 [count]; any length of at least 1 where `count` is None.

    Raises:
        ValueError: a wrong rank, length or type.
    """
    array = np.asarray(values)
    if array.ndim != 1 or array.size == 0:
        raise ValueError(
            f"expected {name} to be a vector [n] with at least one entry. Received: "
            f"shape={array.shape}. Pass one class number a row."
        )
    if array.dtype.kind not in "iu":
        raise ValueError(
            f"expected {name} to be integers. Received: dtype={array.dtype}. Number the classes, "
            "for instance with numpy.unique(..., return_inverse=True)."
        )
    if count is not None and len(array) != count:
        raise ValueError(
            f"expected {name} to have one entry for each of the {count} vectors. Received: "
            f"{len(array)} entries. Pass the labels of the same images, in their order."
        )
    return array.astype(np.int64)


def checked_positive(value: int, name: str) -> int:
    """Return `value` as an int of at least 1.

    Raises:
        ValueError: not a whole number, or smaller than 1.
    """
    is_whole = isinstance(value, (int, np.integer)) and not isinstance(value, bool)
    if not is_whole or value < 1:
        raise ValueError(f"expected {name} to be a whole number of at least 1. Received: {value!r}")
    return int(value)


def checked_ks(ks: Sequence[int] | int) -> tuple[int, ...]:
    """Return the K's of Recall@K, or the one, as ints of at least 1.

    Raises:
        ValueError: no K at all, or one that is no whole number of at least 1.
    """
    several = (ks,) if isinstance(ks, (int, np.integer)) else ks
    checked = tuple(checked_positive(k, "every K of ks") for k in several)
    if not checked:
        raise ValueError(
            "expected ks to name at least one K. Received: nothing. Pass for instance (1, 2)."
        )
    return checked
