"""Triplets of images: at random, and mined from embeddings by smart mining's walk.

In NumPy, functions of their arguments: a restart draws the same triplets again.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hsm.data.sampling import BatchOrder
from hsm.metrics.neighbours import nearest_neighbours

IntArray = NDArray[np.int64]


def random_triplets(labels: ArrayLike, *, batch_size: int, seed: int, epoch: int) -> IntArray:
    """Return the triplets of an epoch: anchor, an image of its class, and one of another class.

    There are as many whole batches as n images fill, where a triplet counts three images. No image
    is an anchor again before all have been one; one that is alone in its class is none.

    Args:
        labels: int [n].
        batch_size: images a batch, of which every three are a triplet; at least 3.
        seed: 0 or more.
        epoch: 0 or more.

    Returns:
        Indices of images, int64 [t, 3].

    Raises:
        ValueError: for a batch without a triplet, or labels of which none can be made.
    """
    if batch_size < 3:
        raise ValueError(
            f"expected batch_size to be at least 3, a triplet. Received: batch_size={batch_size}"
        )
    classes, generator = _Classes(labels), np.random.default_rng([seed, epoch])
    in_batch = batch_size // 3
    number = max(1, len(classes.labels) // (3 * in_batch)) * in_batch
    anchors = np.resize(generator.permutation(classes.anchors()), number)
    positives, negatives = classes.positives(generator, anchors), classes.others(generator, anchors)
    return np.stack([anchors, positives, negatives], axis=1)


def mined_triplets(
    embeddings: ArrayLike,
    labels: ArrayLike,
    triplets: IntArray,
    *,
    kappa: float,
    neighbours: int,
    seed: tuple[int, int],
) -> IntArray:
    """Return the same anchors' triplets, each the next of its `walk`, or itself at the end.

    A walk that knows no positive takes one that is not among the neighbours, at random; of the
    whole class if there is none.

    Args:
        embeddings: float [n, d], compared by Euclidean distance.
        labels: int [n].
        triplets: int64 [t, 3], as `random_triplets` returns them.
        kappa: as for `walk`.
        neighbours: how many of an anchor's nearest are looked at, at least 1; exact.
        seed: seed and epoch.

    Returns:
        int64 [t, 3].

    Raises:
        ValueError: for embeddings that are not finite.
    """
    classes, generator = _Classes(labels), np.random.default_rng([*seed, 1])
    anchors, row = np.unique(triplets[:, 0], return_inverse=True)
    near = nearest_neighbours(embeddings, classes.labels, neighbours, rows=anchors)
    walks = [walk(*pair, kappa) for pair in zip(near.right, near.distances**2, strict=True)]
    harder = triplets.copy()
    for triplet, of_anchor in zip(harder, row, strict=True):
        positive, negative = next(walks[of_anchor], (None, None))
        listed = near.indices[of_anchor]
        if negative is not None:
            triplet[2] = listed[negative]
            triplet[1] = (
                classes.beyond(generator, triplet[0], listed)
                if positive is None
                else listed[positive]
            )
    return harder


def walk(
    right: NDArray[np.bool_], squared: NDArray[np.float64], kappa: float
) -> Iterator[tuple[int | None, int]]:
    """Return pairs of a positive and a nearer negative, in the order of the negatives.

    The nearest positive sets a bound, `kappa` times its squared distance. Negatives behind it, at
    the bound or beyond, are taken once each, together with the first positive that comes later.

    Args:
        right: bool [k], which of an anchor's neighbours are of its class, the nearest first.
        squared: [k], their squared distances.
        kappa: 0 or more; 1 or less puts the bound at the nearest positive.

    Yields:
        Places among the neighbours: a positive's, or None for one that lies beyond all of them,
        and a negative's.
    """
    if not right.any():
        return
    nearest = int(np.argmax(right))
    beyond = squared >= kappa * squared[nearest]
    beyond[: nearest + 1] = False
    positives = np.flatnonzero(beyond & right)
    for negative in np.flatnonzero(beyond & ~right):
        later = np.searchsorted(positives, negative)
        yield (int(positives[later]) if later < len(positives) else None), int(negative)


def triplet_order(triplets: IntArray, batch_size: int) -> BatchOrder:
    """Return batches of triplets in order: the anchors, their positives, their negatives.

    Args:
        triplets: int64 [t, 3]; whole batches.
        batch_size: images a batch; up to two more than its triplets have.
    """
    in_batch = batch_size // 3
    blocks = triplets.reshape(-1, in_batch, 3).transpose(0, 2, 1)
    return BatchOrder(blocks.ravel(), np.full(len(blocks), 3 * in_batch))


class _Classes:
    """Draws by class, from images sorted by it: a class is a stretch of places."""

    def __init__(self, labels: ArrayLike) -> None:
        self.labels = np.asarray(labels)
        self._images = np.argsort(self.labels, kind="stable")
        _, of_image, sizes = np.unique(self.labels, return_inverse=True, return_counts=True)
        self._start, self._size = (np.cumsum(sizes) - sizes)[of_image], sizes[of_image]
        self._place = np.argsort(self._images)

    def anchors(self) -> IntArray:
        """Return images that a triplet can be made of."""
        anchors = np.flatnonzero((self._size > 1) & (self._size < len(self.labels)))
        if not len(anchors):
            raise ValueError(
                "expected labels of two classes or more, of which one has two images: without them "
                f"there is no triplet. Received: {len(self.labels)} images of "
                f"{len(np.unique(self.labels))} classes"
            )
        return anchors

    def positives(self, generator: np.random.Generator, anchors: IntArray) -> IntArray:
        """Return another image of each anchor's class."""
        drawn = self._start[anchors] + generator.integers(self._size[anchors] - 1)
        return self._images[drawn + (drawn >= self._place[anchors])]

    def others(self, generator: np.random.Generator, anchors: IntArray) -> IntArray:
        """Return an image of another class than each anchor's."""
        start, size = self._start[anchors], self._size[anchors]
        drawn = generator.integers(len(self.labels) - size)
        return self._images[drawn + size * (drawn >= start)]

    def beyond(self, generator: np.random.Generator, anchor: int, listed: IntArray) -> int:
        """Return another image of the anchor's class, one that is not `listed` if there is any."""
        start, size = self._start[anchor], self._size[anchor]
        own = self._images[start : start + size]
        outside = np.setdiff1d(own, [anchor, *listed])
        return int(generator.choice(outside if len(outside) else own[own != anchor]))
