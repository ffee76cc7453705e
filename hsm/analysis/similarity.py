"""Cosine similarities within and between classes: the histograms of Figure 4."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hsm.metrics.validation import checked_embeddings, checked_labels, checked_positive

FloatArray = NDArray[np.float64]

_TILE = 1024  # Vectors a side; a tile of similarities takes 8 MiB.
_EPSILON = 1e-12  # Of the sum of squares, as in `hsm.layers.L2Normalize`.


@dataclass(frozen=True)
class CosineHistograms:
    """Densities of the cosine similarity over all pairs of different samples.

    Each density integrates to 1 over -1..1, or is 0 throughout where there are no such pairs.

    Attributes:
        edges: the bins' edges from -1 to 1, [bins + 1].
        same: density of the pairs of the same class, [bins].
        different: density of the pairs of different classes, [bins].
        num_same: the number of pairs of the same class.
        num_different: the number of pairs of different classes.
    """

    edges: FloatArray
    same: FloatArray
    different: FloatArray
    num_same: int
    num_different: int


def cosine_histograms(
    embeddings: ArrayLike, labels: ArrayLike, *, bins: int = 100
) -> CosineHistograms:
    """Count the cosine of every pair of samples, once, in bounded memory.

    Zero vectors have cosine 0 with everything. A cosine beyond -1 or 1 by rounding counts in the
    outermost bin.

    Args:
        embeddings: vectors of any length, [n, k].
        labels: their classes, int [n].
        bins: the number of equal bins over -1..1.

    Returns:
        The two densities, exact over all n (n - 1) / 2 pairs.

    Raises:
        ValueError: If shapes do not match, a number is not finite or `bins` is less than 1.
    """
    vectors = checked_embeddings(embeddings).astype(np.float64)
    classes = checked_labels(labels, len(vectors))
    bins = checked_positive(bins, "bins")
    units = vectors / np.sqrt(np.maximum(np.square(vectors).sum(axis=1, keepdims=True), _EPSILON))
    counts = np.zeros((2, bins), np.int64)  # Different classes, same class.
    for cosines, is_same in _tiles(units, classes):
        for row, chosen in enumerate((~is_same, is_same)):
            counts[row] += np.histogram(cosines[chosen], bins, range=(-1.0, 1.0))[0]
    edges = np.linspace(-1.0, 1.0, bins + 1)
    totals = counts.sum(axis=1)
    densities = counts * (bins / 2.0) / np.maximum(totals, 1)[:, None]
    return CosineHistograms(edges, densities[1], densities[0], int(totals[1]), int(totals[0]))


def density_overlap(first: ArrayLike, second: ArrayLike, edges: ArrayLike) -> float:
    """Return what two densities share, the integral of the smaller one at every place.

    It is 0 where no value of one occurs in the other, and 1 where both are the same: of the two
    histograms of Figure 4, how far a cosine leaves open whether two samples are of one class.

    Args:
        first: density in every bin, [bins], which integrates to 1.
        second: the same of the other one.
        edges: the bins' edges, ascending, [bins + 1].

    Returns:
        A number in 0..1.

    Raises:
        ValueError: If the shapes do not fit together or a density is negative.
    """
    one, other = (np.asarray(density, np.float64) for density in (first, second))
    widths = np.diff(np.asarray(edges, np.float64))
    if not one.shape == other.shape == widths.shape or one.ndim != 1:
        raise ValueError(
            "expected two densities [bins] and edges [bins + 1]. Received: "
            f"shapes {one.shape}, {other.shape} and {np.shape(edges)}"
        )
    if min(one.min(), other.min(), widths.min()) < 0:
        raise ValueError("expected ascending edges, and densities of 0 or more. Received: others")
    return float(np.minimum(np.minimum(one, other) @ widths, 1.0))


def _tiles(
    units: FloatArray, classes: NDArray[np.int64]
) -> Iterator[tuple[FloatArray, NDArray[np.bool_]]]:
    """Yield cosines and whether the classes agree, both [p], until every pair was there once."""
    starts = range(0, len(units), _TILE)
    for top in starts:
        rows = slice(top, top + _TILE)
        for left in starts[top // _TILE :]:
            columns = slice(left, left + _TILE)
            cosines = np.clip(units[rows] @ units[columns].T, -1.0, 1.0)
            is_same = classes[rows, None] == classes[None, columns]
            if top == left:
                above = np.triu_indices(len(cosines), 1)
                cosines, is_same = cosines[above], is_same[above]
            yield cosines.ravel(), is_same.ravel()
