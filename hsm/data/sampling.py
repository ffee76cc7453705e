"""The order and make-up of an epoch's batches, in NumPy: functions of labels, seed and epoch.

A restart in the middle of an epoch draws the same order again, whatever the number of threads.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True)
class BatchOrder:
    """Which images the batches of an epoch hold.

    Attributes:
        indices: int64 [n], the images of all batches one after the other; one may come repeatedly.
        sizes: int64 [steps], images of each batch, which sum to n.

    Raises:
        ValueError: if the sizes are not positive or do not sum to n.
    """

    indices: NDArray[np.int64]
    sizes: NDArray[np.int64]

    def __post_init__(self) -> None:
        if (self.sizes < 1).any() or self.sizes.sum() != len(self.indices):
            raise ValueError(
                f"expected positive sizes that sum to the {len(self.indices)} indices. "
                f"Received: sizes={self.sizes}"
            )

    @property
    def steps(self) -> int:
        """Number of batches."""
        return len(self.sizes)

    @property
    def occurrences(self) -> NDArray[np.int64]:
        """For each of `indices`, how often it stood before in the epoch; int64 [n]."""
        by_image = np.argsort(self.indices, kind="stable")
        ordered = self.indices[by_image]
        starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])
        counts = np.empty(len(ordered), np.int64)
        counts[by_image] = np.arange(len(ordered)) - np.repeat(
            starts, np.diff(np.r_[starts, len(ordered)])
        )
        return counts


@dataclass(frozen=True)
class Share:
    """One of several consecutive parts of a batch, as even as division allows.

    Attributes:
        index: which part, 0..count - 1.
        count: how many there are.
    """

    index: int = 0
    count: int = 1

    def of(self, size: int) -> slice:
        """Return the part's places among `size` ones; the last parts may be empty."""
        each, more = divmod(size, self.count)
        start = self.index * each + min(self.index, more)
        return slice(start, start + each + (self.index < more))


WHOLE = Share()


def in_order(num_examples: int, batch_size: int) -> BatchOrder:
    """Return every image once, in the order in which they stand.

    The last batch may be smaller; one of a single image, which batch normalisation cannot use, is
    merged into the batch before it.

    Args:
        num_examples: images, at least 1.
        batch_size: images a batch, at least 1.

    Raises:
        ValueError: if a number is less than 1.
    """
    return BatchOrder(np.arange(num_examples), _sizes(num_examples, batch_size))


def shuffled(
    labels: ArrayLike, *, batch_size: int, seed: int, epoch: int, keep_last: bool = True
) -> BatchOrder:
    """Return every image once, in random order, in batches as those of `in_order`.

    Args:
        labels: int [n], of which the number counts.
        batch_size: images a batch, at least 1.
        seed: 0 or more.
        epoch: 0 or more.
        keep_last: false leaves out the images that fill no whole batch, unless there are no others.

    Raises:
        ValueError: if a number is out of range.
    """
    n = len(np.asarray(labels))
    order, sizes = _generator(seed, epoch).permutation(n), _sizes(n, batch_size)
    if not keep_last and n > batch_size:
        sizes = np.full(n // batch_size, batch_size)
    return BatchOrder(order[: sizes.sum()], sizes)


def balanced(labels: ArrayLike, *, classes: int, images: int, seed: int, epoch: int) -> BatchOrder:
    """Return batches of `images` images from each of `classes` classes, both drawn at random.

    An epoch has as many batches as n images fill. Classes come round by turns, each once before
    any comes again, and so do the images of a class; a class of fewer than `images` gives some of
    them twice in a batch.

    Args:
        labels: int [n].
        classes: p, classes a batch; at least 1 and at most as many as there are.
        images: K, images of each; at least 1.
        seed: 0 or more.
        epoch: 0 or more.

    Raises:
        ValueError: if a number is out of range.
    """
    numbers = np.asarray(labels)
    members = [np.flatnonzero(numbers == label) for label in np.unique(numbers)]
    if not 1 <= classes <= len(members):
        raise ValueError(
            f"expected classes to be 1 to {len(members)}, the classes that there are. "
            f"Received: classes={classes}"
        )
    if images < 1:
        raise ValueError(f"expected images to be at least 1. Received: images={images}")
    generator = _generator(seed, epoch)
    steps = max(1, len(numbers) // (classes * images))
    turns = _turns(generator, len(members), steps, classes)
    times = np.bincount(turns.ravel(), minlength=len(members))
    queues = [_draws(generator, *pair, images) for pair in zip(members, times, strict=True)]
    chosen = [next(queues[label]) for label in turns.ravel()]
    return BatchOrder(np.concatenate(chosen), np.full(steps, classes * images))


def bounded_classes(
    labels: ArrayLike, *, classes: int, batch_size: int, seed: int, epoch: int
) -> BatchOrder:
    """Return batches of images of at most `classes` classes each, as evenly as division allows.

    Args:
        labels: int [n].
        classes: classes a batch, at least 1 and at most `batch_size`.
        batch_size: images a batch; a multiple of `classes`.
        seed: 0 or more.
        epoch: 0 or more.

    Raises:
        ValueError: if a number is out of range or does not divide.
    """
    images, rest = divmod(batch_size, max(classes, 1))
    if rest or not images:
        raise ValueError(
            "expected batch_size to be a multiple of classes. "
            f"Received: batch_size={batch_size}, classes={classes}"
        )
    present = len(np.unique(np.asarray(labels)))
    fewer = min(classes, present)
    return balanced(labels, classes=fewer, images=batch_size // fewer, seed=seed, epoch=epoch)


def super_class_groups(
    labels: ArrayLike,
    super_classes: ArrayLike,
    *,
    classes: int,
    batch_size: int,
    seed: int,
    epoch: int,
) -> BatchOrder:
    """Return batches of groups: all images of `classes` classes from each of two super-classes.

    The two are drawn at random, as likely as they have images, and so are the classes of each.
    Groups follow one another in one stream, which is cut into batches: a batch can hold the end of
    a group and the beginning of the next. An epoch has as many batches as n images fill.

    Args:
        labels: int [n].
        super_classes: int [n], what the classes belong to: one number for all images of a class.
        classes: p, classes of a super-class in a group, or all that it has; at least 1.
        batch_size: images a batch, at least 1.
        seed: 0 or more.
        epoch: 0 or more.

    Raises:
        ValueError: if a number is out of range, a class belongs to two super-classes, or there is
            only one.
    """
    for name, value in (("classes", classes), ("batch_size", batch_size)):
        if value < 1:
            raise ValueError(f"expected {name} to be at least 1. Received: {name}={value}")
    parts = _by_super_class(np.asarray(labels), np.asarray(super_classes))
    generator = _generator(seed, epoch)
    images = max(1, len(np.asarray(labels)) // batch_size) * batch_size
    stream: list[NDArray[np.int64]] = []
    while sum(map(len, stream)) < images:
        for part in _by_size(generator, [np.concatenate(p) for p in parts], 2):
            stream += [parts[part][c] for c in _by_size(generator, parts[part], classes)]
    return BatchOrder(np.concatenate(stream)[:images], _sizes(images, batch_size))


def _by_super_class(
    labels: NDArray[np.int64], super_classes: NDArray[np.int64]
) -> list[list[NDArray[np.int64]]]:
    """Return the images of each class of each super-class."""
    if labels.shape != super_classes.shape:
        raise ValueError(
            "expected one super-class an image. "
            f"Received: {len(super_classes)} super-classes of {len(labels)} images"
        )
    pairs, of_pair = np.unique(np.stack([super_classes, labels]), axis=1, return_inverse=True)
    classes, times = np.unique(pairs[1], return_counts=True)
    if times.max() > 1:
        raise ValueError(
            "expected the images of a class to be of one super-class. "
            f"Received: class {classes[times.argmax()]} in {times.max()} of them"
        )
    numbers = np.unique(pairs[0])
    if len(numbers) < 2:
        raise ValueError(
            "expected two super-classes or more, as a group holds classes of two. "
            f"Received: {len(numbers)}"
        )
    members = [np.flatnonzero(of_pair.ravel() == pair) for pair in range(pairs.shape[1])]
    return [[members[i] for i in np.flatnonzero(pairs[0] == number)] for number in numbers]


def _by_size(
    generator: np.random.Generator, sets: list[NDArray[np.int64]], count: int
) -> NDArray[np.int64]:
    """Return `count` distinct sets' numbers, or all: each the likelier the more it holds."""
    sizes = np.array([len(members) for members in sets])
    return generator.choice(len(sets), min(count, len(sets)), replace=False, p=sizes / sizes.sum())


def _turns(
    generator: np.random.Generator, num_classes: int, steps: int, classes: int
) -> NDArray[np.int64]:
    """Return the numbers of every batch, [steps, classes], distinct, each as often as the rest."""
    rows: list[NDArray[np.int64]] = []
    waiting = np.empty(0, np.int64)
    for _ in range(steps):
        if len(waiting) < classes:
            # Those that still wait come first, and not twice in this batch.
            later = generator.permutation(np.setdiff1d(np.arange(num_classes), waiting))
            waiting = np.r_[waiting, later, generator.permutation(waiting)]
        rows.append(waiting[:classes])
        waiting = waiting[classes:]
    return np.stack(rows)


def _draws(
    generator: np.random.Generator, own: NDArray[np.int64], times: int, images: int
) -> Iterator[NDArray[np.int64]]:
    """Return `times` draws of `images` images each, all of `own` before any comes again.

    A draw holds an image twice only where `own` has fewer.
    """
    if not times:
        return iter(())
    if len(own) >= images:
        return iter(own[_turns(generator, len(own), times, images)])
    rounds = -(-times * images // len(own))
    order = np.concatenate([generator.permutation(own) for _ in range(rounds)])
    return iter(np.split(order[: times * images], times))


def _sizes(num_examples: int, batch_size: int) -> NDArray[np.int64]:
    for name, value in (("num_examples", num_examples), ("batch_size", batch_size)):
        if value < 1:
            raise ValueError(f"expected {name} to be at least 1. Received: {name}={value}")
    full, rest = divmod(num_examples, batch_size)
    sizes = np.full(max(1, full + (rest > 1)), batch_size)
    sizes[-1] += num_examples - sizes.sum()
    return sizes


def _generator(seed: int, epoch: int) -> np.random.Generator:
    return np.random.default_rng([seed, epoch])
