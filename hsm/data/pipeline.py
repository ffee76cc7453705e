"""From a split to batches of pixels: shuffled crops for training, every image once for evaluation.

What a training batch holds is a function of (order, seed, epoch, step) alone, so that neither the
number of threads nor a restart in the middle of an epoch changes it. What differs from epoch to
epoch is drawn in NumPy, which also cuts the crops out of arrays; files are read by a graph, whose
larger part, from bytes to a resized image, is made once in a process.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from hsm.cores import usable_cores
from hsm.data import images
from hsm.data.sampling import WHOLE, BatchOrder, Share, in_order
from hsm.data.sources.encoded import encoded_reader
from hsm.data.sources.source import Files, Split

# Images uint8 [b, size, size, 3] and labels int32 [b].
Batches = Iterable[tuple[Any, Any]]

# Batches that lie ready while a step runs.
_PREFETCHED = 2
_RESIZED_AT_ONCE = 256


@dataclass(frozen=True)
class Crop:
    """The squares that are cut out of resized training images.

    Attributes:
        size: side in pixels; images are first resized to `images.resize_size(size)`.
        random: crops lie anywhere; else all are central.
        flip: half of them are mirrored.
        include_last_offset: a crop may lie at the greatest offset; else, as the released code has
            it, one pixel before: 0..31 for 224 out of 256.
    """

    size: int
    random: bool = True
    flip: bool = False
    include_last_offset: bool = True

    @property
    def margin(self) -> int:
        """Pixels by which the resized image is larger."""
        return images.resize_size(self.size) - self.size


@dataclass(frozen=True)
class Places:
    """What batches hold, one batch after the other: images, and where their crops lie.

    Attributes:
        sizes: int64 [steps], images of each batch.
        indices: int64 [n], which images.
        top: int64 [n], pixels above the crop in the resized image.
        left: int64 [n], pixels to its left.
        mirrored: bool [n].
    """

    sizes: NDArray[np.int64]
    indices: NDArray[np.int64]
    top: NDArray[np.int64]
    left: NDArray[np.int64]
    mirrored: NDArray[np.bool_]

    @property
    def columns(self) -> tuple[NDArray[Any], ...]:
        """All but the sizes."""
        return self.indices, self.top, self.left, self.mirrored

    @property
    def starts(self) -> NDArray[np.int64]:
        """Where each batch begins, and the end of the last one."""
        return np.r_[0, np.cumsum(self.sizes)]

    def of(self, share: Share) -> Places:
        """Return that part of every batch, of which some may then be empty."""
        if share == WHOLE:
            return self
        parts = [share.of(size) for size in self.sizes]
        own = np.zeros(len(self.indices), np.bool_)
        for start, part in zip(self.starts, parts, strict=False):
            own[start + part.start : start + part.stop] = True
        sizes = np.array([part.stop - part.start for part in parts], np.int64)
        return Places(sizes, *(column[own] for column in self.columns))


class TrainingBatches:
    """The crops of any epoch; what reads them is made once.

    Args:
        split: the images to train on.
        crop: what is cut out of them.
    """

    def __init__(self, split: Split, crop: Crop) -> None:
        self._split = split
        self._crop = crop
        is_array = isinstance(split.images, np.ndarray)
        self._batches = (_array_batches if is_array else _file_batches)(split, crop.size)

    def __call__(
        self,
        order: BatchOrder,
        *,
        seed: int,
        epoch: int,
        start_step: int = 0,
        share: Share = WHOLE,
    ) -> Batches:
        """Return the crops of one epoch.

        Args:
            order: which of the images the batches hold, see `hsm.data.sampling`.
            seed: 0 or more; with the epoch, the image, and how often it came before in the epoch,
                it decides where a crop lies.
            epoch: 0 or more.
            start_step: batches of the epoch to leave out, without decoding them.
            share: the part of every batch to read; nothing is read of the others.

        Returns:
            (uint8 [b, size, size, 3], int32 [b]) of each of `order.steps - start_step` batches; b
            is 0 where a batch has no image for the share.

        Raises:
            ValueError: for a `start_step` outside the epoch.
        """
        if not 0 <= start_step <= order.steps:
            raise ValueError(
                f"expected start_step to be 0 to {order.steps}, the batches of an epoch. "
                f"Received: start_step={start_step}"
            )
        rows = draw_places(self._crop, order, num_images=len(self._split), seed=(seed, epoch))
        return self._batches(rows.of(share), start_step)


def warm_up_batches(split: Split, *, crop: int, batch_size: int, share: Share = WHOLE) -> Batches:
    """Return the central crop of every image of `split`, once and in order, as training batches.

    Args:
        split: the images to train on.
        crop: side of a crop in pixels, see `Crop`.
        batch_size: images a batch; the last one may be smaller, or larger by one.
        share: the part of every batch to read.

    Returns:
        (uint8 [b, crop, crop, 3], int32 [b]) of each batch.
    """
    central = TrainingBatches(split, Crop(crop, random=False))
    return central(in_order(len(split), batch_size), seed=0, epoch=0, share=share)


def evaluation_batches(
    split: Split, *, crop: int, batch_size: int = 100, share: Share = WHOLE
) -> Batches:
    """Return the central crop of every image of `split`, once and in order.

    Args:
        split: the images to evaluate on.
        crop: side of a crop in pixels; images are first resized to `images.resize_size(crop)`.
        batch_size: images a batch; the last one may be smaller.
        share: the part of every batch to read.

    Returns:
        (uint8 [b, crop, crop, 3], int32 [b]) of each batch.
    """
    starts = np.arange(0, len(split), batch_size)
    order = BatchOrder(np.arange(len(split)), np.diff(np.r_[starts, len(split)]))
    central = TrainingBatches(split, Crop(crop, random=False))
    return central(order, seed=0, epoch=0, share=share)


def draw_places(crop: Crop, order: BatchOrder, *, num_images: int, seed: tuple[int, int]) -> Places:
    """Draw where the crops of an epoch lie: of an image, at any place in the order.

    All is drawn for all images, as often as one of them comes, so that neither the order nor what
    the crop makes of a number changes what else is drawn.
    """
    draws = np.empty((len(order.indices), 3))
    generator = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(1,)))
    occurrences = order.occurrences
    for time in range(occurrences.max(initial=-1) + 1):
        drawn, now = generator.random((num_images, 3)), occurrences == time
        draws[now] = drawn[order.indices[now]]
    places = crop.margin + 1 if crop.include_last_offset else max(crop.margin, 1)
    # An odd margin leaves its extra pixel at the bottom and at the right.
    offsets = draws[:, :2] * places if crop.random else np.full((len(draws), 2), crop.margin // 2)
    top, left = offsets.astype(np.int64).T
    return Places(order.sizes, order.indices, top, left, (draws[:, 2] < 0.5) & crop.flip)


_Read = Callable[[Places, int], Batches]


def _array_batches(split: Split, size: int) -> _Read:
    """Return what cuts batches out of an array: in NumPy, which needs no graph and no thread."""
    pixels = _resized(split, images.resize_size(size))
    # [n, places, places, 3, size, size], without a copy.
    windows = np.lib.stride_tricks.sliding_window_view(pixels, (size, size), axis=(1, 2))

    def batches(rows: Places, start_step: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        for start, end in itertools.pairwise(rows.starts[start_step:]):
            indices, top, left, mirrored = (column[start:end] for column in rows.columns)
            crops = np.moveaxis(windows[indices, top, left], 1, -1)
            crops[mirrored] = crops[mirrored, :, ::-1]
            yield np.ascontiguousarray(crops), split.labels[indices].astype(np.int32)

    return batches


# Scorings ask for the same again and again.
@functools.lru_cache(maxsize=4)
def _resized(split: Split, size: int) -> np.ndarray:
    """Return a split's array resized, uint8 [n, size, size, 3]; in parts, to bound the memory."""
    pixels = cast(np.ndarray, split.images)
    if pixels.shape[1:3] == (size, size):
        return pixels
    starts = range(0, len(pixels), _RESIZED_AT_ONCE)
    parts = (tf.constant(pixels[i : i + _RESIZED_AT_ONCE]) for i in starts)
    return np.concatenate([images.resize(part, size).numpy() for part in parts])


def _file_batches(split: Split, size: int) -> _Read:
    """Return what reads, decodes, resizes and cuts files, in threads."""
    files = cast(Files, split.images)
    read, load = encoded_reader(files), _decoder(images.resize_size(size))
    labels = tf.constant(split.labels, tf.int32)

    # Nothing to convert here, and AutoGraph would read the source again every epoch.
    @tf.autograph.experimental.do_not_convert
    def example(
        index: tf.Tensor, top: tf.Tensor, left: tf.Tensor, mirrored: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor]:
        image = load(read(index))
        return images.crop_flip(image, size, top=top, left=left, mirrored=mirrored), labels[index]

    def batches(rows: Places, start_step: int) -> tf.data.Dataset:
        starts, steps = rows.starts, len(rows.sizes)
        changes = np.flatnonzero(np.diff(rows.sizes)) + 1
        bounds = [start_step, *(int(c) for c in changes if c > start_step), steps]
        dataset: tf.data.Dataset | None = None
        for first, last in itertools.pairwise(bounds):
            batch_size = rows.sizes[min(first, steps - 1)]
            part = (column[starts[first] : starts[last]] for column in rows.columns)
            examples = tf.data.Dataset.from_tensor_slices(tuple(part))
            crops = examples.map(example, usable_cores(), deterministic=True)
            crops = crops.batch(batch_size) if batch_size else _empty(crops).repeat(last - first)
            dataset = crops if dataset is None else dataset.concatenate(crops)
        return _ready(dataset)

    return batches


def _empty(examples: tf.data.Dataset) -> tf.data.Dataset:
    """Return a batch of none of `examples`."""
    none = (tf.zeros([0, *spec.shape], spec.dtype) for spec in examples.element_spec)
    return tf.data.Dataset.from_tensors(tuple(none))


@functools.cache
def _decoder(size: int) -> Callable[[tf.Tensor], tf.Tensor]:
    @tf.function(input_signature=[tf.TensorSpec([], tf.string)])
    def load(encoded: tf.Tensor) -> tf.Tensor:
        # Files were held to a limit before; those in record files are the user's own.
        return images.resize(images.decode(encoded, max_pixels=None), size)

    return load


def _ready(batches: tf.data.Dataset) -> tf.data.Dataset:
    """Return `batches`, a few of which lie ready while a step runs: on a single GPU, there."""
    options = tf.data.Options()
    # Its thread sleeps for up to a minute at a time, and an iterator's end waits until it wakes.
    options.autotune.enabled = False
    prefetched = batches.prefetch(_PREFETCHED).with_options(options)
    gpus = tf.config.list_logical_devices("GPU")
    if len(gpus) != 1:
        return prefetched
    # It must be the last of the transformations.
    return prefetched.apply(tf.data.experimental.prefetch_to_device(gpus[0].name, _PREFETCHED))
