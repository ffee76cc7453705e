"""From a split to batches of pixels: shuffled crops for training, every image once for evaluation.

What a training batch holds is a function of (order, seed, epoch, step) alone, so that neither the
number of threads nor a restart in the middle of an epoch changes it.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

import numpy as np
import tensorflow as tf

from hsm.cores import usable_cores
from hsm.data import images
from hsm.data.sampling import BatchOrder, in_order
from hsm.data.sources.encoded import encoded_reader
from hsm.data.sources.source import Split

_Loader = Callable[[tf.Tensor], tf.Tensor]
_Example = Callable[[tf.Tensor, tf.Tensor], tf.Tensor]

# Batches that lie ready while a step runs.
_PREFETCHED = 2
_RESIZED_AT_ONCE = 256
# More images than 2**32 in a split are not expected.
_OCCURRENCE_BIT = 32


@dataclass(frozen=True)
class Crop:
    """The squares that are cut out of resized training images.

    Attributes:
        size: side in pixels; images are first resized to `images.resize_size(size)`.
        random: crops lie anywhere; else all are central.
        flip: half of them are mirrored.
        include_last_offset: a crop may lie at the greatest offset, see `images.random_crop_flip`.
    """

    size: int
    random: bool = True
    flip: bool = False
    include_last_offset: bool = True


def training_batches(
    split: Split,
    order: BatchOrder,
    *,
    crop: Crop,
    seed: int,
    epoch: int,
    start_step: int = 0,
) -> tf.data.Dataset:
    """Returns the crops of one epoch.

    Args:
        split: the images to train on.
        order: which of them the batches hold, see `hsm.data.sampling`.
        crop: what is cut out of them.
        seed: 0 or more; with the epoch, the image, and how often it came before in the epoch, it
            decides where a crop lies.
        epoch: 0 or more.
        start_step: batches of the epoch to leave out, without decoding them.

    Returns:
        Dataset of (uint8 [b, size, size, 3], int32 [b]) with `order.steps - start_step` elements.

    Raises:
        ValueError: for a `start_step` outside the epoch.
    """
    if not 0 <= start_step <= order.steps:
        raise ValueError(
            f"expected start_step to be 0 to {order.steps}, the batches of an epoch. "
            f"Received: start_step={start_step}"
        )
    # In a central crop there is one place for a random one; the flip is still drawn.
    read = _loader(split, crop.size) if crop.random else _central_example(split, crop.size)
    augment = _augmentation(crop.size, crop.flip, crop.include_last_offset)
    stream = tf.constant(_stream(seed, epoch), tf.int64)

    def example(index: tf.Tensor, occurrence: tf.Tensor) -> tf.Tensor:
        draw = index + tf.bitwise.left_shift(occurrence, tf.constant(_OCCURRENCE_BIT, tf.int64))
        return augment(read(index), tf.stack([stream, draw]))

    return _ready(_batched(split, order, example, start_step))


def warm_up_batches(split: Split, *, crop: int, batch_size: int) -> tf.data.Dataset:
    """Returns the central crop of every image of `split`, once and in order, as training batches.

    Args:
        split: the images to train on.
        crop: side of a crop in pixels, see `training_batches`.
        batch_size: images a batch; the last one may be smaller, or larger by one.

    Returns:
        Dataset of (uint8 [b, crop, crop, 3], int32 [b]).
    """
    order = in_order(len(split), batch_size)
    central = _central_example(split, crop)
    return _ready(_batched(split, order, lambda index, _: central(index)))


def evaluation_batches(split: Split, *, crop: int, batch_size: int = 100) -> tf.data.Dataset:
    """Returns the central crop of every image of `split`, once and in order.

    Args:
        split: the images to evaluate on.
        crop: side of a crop in pixels; images are first resized to `images.resize_size(crop)`.
        batch_size: images a batch; the last one may be smaller.

    Returns:
        Dataset of (uint8 [b, crop, crop, 3], int32 [b]).
    """
    indices, central = np.arange(len(split)), _central_example(split, crop)
    examples = _mapped(split, indices, np.zeros_like(indices), lambda index, _: central(index))
    return _ready(examples.batch(batch_size))


def _stream(seed: int, epoch: int) -> int:
    """Returns the number that decides an epoch's crops; those of neighbours are unrelated."""
    return int(np.random.SeedSequence([seed, epoch]).generate_state(1)[0])


def _batched(
    split: Split, order: BatchOrder, example: _Example, start_step: int = 0
) -> tf.data.Dataset:
    """Returns the batches of `order` from `start_step` on; neighbours of one size share a graph."""
    starts = np.r_[0, np.cumsum(order.sizes)]
    changes = np.flatnonzero(np.diff(order.sizes)) + 1
    bounds = [start_step, *(int(c) for c in changes if c > start_step), order.steps]
    occurrences, parts = order.occurrences, []
    for first, last in itertools.pairwise(bounds):
        place = slice(starts[first], starts[last])
        examples = _mapped(split, order.indices[place], occurrences[place], example)
        parts.append(examples.batch(int(order.sizes[min(first, order.steps - 1)])))
    return functools.reduce(tf.data.Dataset.concatenate, parts)


def _central_example(split: Split, crop: int) -> _Loader:
    """Returns the function from an image's index to its central crop."""
    load = _loader(split, crop)
    return lambda index: images.center_crop(load(index), crop)


def _mapped(
    split: Split, indices: np.ndarray, occurrences: np.ndarray, example: _Example
) -> tf.data.Dataset:
    labels = tf.constant(split.labels, tf.int32)

    # Nothing to convert here, and AutoGraph would read the source again every epoch.
    @tf.autograph.experimental.do_not_convert
    def labelled(index: tf.Tensor, occurrence: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        return example(index, occurrence), labels[index]

    places = (indices.astype(np.int64), occurrences.astype(np.int64))
    dataset = tf.data.Dataset.from_tensor_slices(places)
    return dataset.map(labelled, usable_cores(), deterministic=True)


def _ready(batches: tf.data.Dataset) -> tf.data.Dataset:
    """Returns `batches`, a few of which lie ready while a step runs: on the GPU if there is one."""
    options = tf.data.Options()
    # Its thread sleeps for up to a minute at a time, and an iterator's end waits until it wakes.
    options.autotune.enabled = False
    prefetched = batches.prefetch(_PREFETCHED).with_options(options)
    gpus = tf.config.list_logical_devices("GPU")
    if not gpus:
        return prefetched
    # It must be the last of the transformations.
    return prefetched.apply(tf.data.experimental.prefetch_to_device(gpus[0].name, _PREFETCHED))


def _loader(split: Split, crop: int) -> _Loader:
    """Returns the function from an image's index to its resized pixels."""
    size = images.resize_size(crop)
    if isinstance(split.images, np.ndarray):
        pixels = _resized(split, size)
        return lambda index: pixels[index]
    read, load = encoded_reader(split.images), _decoder(size)
    return lambda index: load(read(index))


# An epoch builds its data set anew; these caches save it tracing the graph and resizing again.


@functools.lru_cache(maxsize=4)
def _resized(split: Split, size: int) -> tf.Tensor:
    """Returns a split's array resized, uint8 [n, size, size, 3]; in parts, to bound the memory."""
    pixels = cast(np.ndarray, split.images)
    parts = (pixels[i : i + _RESIZED_AT_ONCE] for i in range(0, len(split), _RESIZED_AT_ONCE))
    return tf.concat([images.resize(tf.constant(part), size) for part in parts], axis=0)


@functools.cache
def _decoder(size: int) -> _Loader:
    @tf.function(input_signature=[tf.TensorSpec([], tf.string)])
    def load(encoded: tf.Tensor) -> tf.Tensor:
        # Files were held to a limit before; those in record files are the user's own.
        return images.resize(images.decode(encoded, max_pixels=None), size)

    return load


@functools.cache
def _augmentation(
    crop: int, flip: bool, last_place: bool
) -> Callable[[tf.Tensor, tf.Tensor], tf.Tensor]:
    @tf.function
    def augment(image: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
        return images.random_crop_flip(image, crop, seed=seed, flip=flip, last_place=last_place)

    return augment
