"""From a split to batches of pixels: shuffled crops for training, every image once for evaluation.

What a training batch holds is a function of (seed, epoch, step) alone, so that neither the number
of threads nor a restart in the middle of an epoch changes it.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import cast

import numpy as np
import tensorflow as tf

from hsm.cores import usable_cores
from hsm.data import images
from hsm.data.sources.encoded import encoded_reader
from hsm.data.sources.source import Split

_Loader = Callable[[tf.Tensor], tf.Tensor]

# Batches that lie ready while a step runs.
_PREFETCHED = 2
_RESIZED_AT_ONCE = 256


def num_training_steps(num_examples: int, batch_size: int) -> int:
    """Returns the number of batches in an epoch.

    The last batch may be smaller; one of a single image, which batch normalisation cannot use, is
    merged into the batch before it.
    """
    for name, value in (("num_examples", num_examples), ("batch_size", batch_size)):
        if value < 1:
            raise ValueError(f"Argument `{name}` must be at least 1. Received: {name}={value}")
    full, rest = divmod(num_examples, batch_size)
    return max(1, full + (rest > 1))


def training_batches(
    split: Split,
    *,
    crop: int,
    batch_size: int,
    seed: int,
    epoch: int,
    flip: bool,
    random_places: bool = True,
    last_place: bool = True,
    start_step: int = 0,
) -> tf.data.Dataset:
    """Returns one epoch of random crops, every image of `split` once, in random order.

    Args:
        split: the images to train on.
        crop: side of a crop in pixels; images are first resized to `images.resize_size(crop)`.
        batch_size: images a batch; the last one may be smaller, or larger by one.
        seed: 0 or more; with the epoch it decides the order, with the image too its crop.
        epoch: 0 or more.
        flip: whether to mirror half of the crops.
        random_places: whether crops lie anywhere; else all are central.
        last_place: whether a crop may lie at the greatest offset, see `images.random_crop_flip`.
        start_step: batches of the epoch to leave out, without decoding them.

    Returns:
        Dataset of (uint8 [b, crop, crop, 3], int32 [b]) with
        `num_training_steps(len(split), batch_size) - start_step` elements.

    Raises:
        ValueError: for a `start_step` outside the epoch.
    """
    steps = num_training_steps(len(split), batch_size)
    if not 0 <= start_step <= steps:
        raise ValueError(
            f"Argument `start_step` must be 0..{steps}, the batches of an epoch. "
            f"Received: start_step={start_step}"
        )
    order = np.random.default_rng([seed, epoch]).permutation(len(split))
    # In a central crop there is one place for a random one; the flip is still drawn.
    read = _loader(split, crop) if random_places else _central_example(split, crop)
    augment = _augmentation(crop, flip, last_place)
    stream = tf.constant(_stream(seed, epoch), tf.int64)
    return _training_dataset(
        split,
        order,
        lambda index: augment(read(index), tf.stack([stream, index])),
        batch_size=batch_size,
        start_step=start_step,
    )


def warm_up_batches(split: Split, *, crop: int, batch_size: int) -> tf.data.Dataset:
    """Returns the central crop of every image of `split`, once and in order, as training batches.

    Args:
        split: the images to train on.
        crop: side of a crop in pixels, see `training_batches`.
        batch_size: images a batch; the last one may be smaller, or larger by one.

    Returns:
        Dataset of (uint8 [b, crop, crop, 3], int32 [b]).
    """
    example = _central_example(split, crop)
    return _training_dataset(split, np.arange(len(split)), example, batch_size=batch_size)


def evaluation_batches(split: Split, *, crop: int, batch_size: int = 100) -> tf.data.Dataset:
    """Returns the central crop of every image of `split`, once and in order.

    Args:
        split: the images to evaluate on.
        crop: side of a crop in pixels; images are first resized to `images.resize_size(crop)`.
        batch_size: images a batch; the last one may be smaller.

    Returns:
        Dataset of (uint8 [b, crop, crop, 3], int32 [b]).
    """
    examples = _mapped(split, np.arange(len(split)), _central_example(split, crop))
    return _ready(examples.batch(batch_size))


def _stream(seed: int, epoch: int) -> int:
    """Returns the number that decides an epoch's crops; those of neighbours are unrelated."""
    return int(np.random.SeedSequence([seed, epoch]).generate_state(1)[0])


def _training_dataset(
    split: Split, order: np.ndarray, example: _Loader, *, batch_size: int, start_step: int = 0
) -> tf.data.Dataset:
    """Returns an epoch's batches in `order`, a last one of a single image merged."""
    steps = num_training_steps(len(split), batch_size)
    begin, last = start_step * batch_size, (steps - 1) * batch_size
    if len(split) <= steps * batch_size:
        return _ready(_mapped(split, order[begin:], example).batch(batch_size))
    head = _mapped(split, order[begin:last], example).batch(batch_size)
    merged = _mapped(split, order[last:], example).batch(batch_size + 1)
    return _ready(head.concatenate(merged.take(steps - start_step)))


def _central_example(split: Split, crop: int) -> _Loader:
    """Returns the function from an image's index to its central crop."""
    load = _loader(split, crop)
    return lambda index: images.center_crop(load(index), crop)


def _mapped(split: Split, indices: np.ndarray, example: _Loader) -> tf.data.Dataset:
    labels = tf.constant(split.labels, tf.int32)

    # Nothing to convert here, and AutoGraph would read the source again every epoch.
    @tf.autograph.experimental.do_not_convert
    def labelled(index: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        return example(index), labels[index]

    dataset = tf.data.Dataset.from_tensor_slices(indices.astype(np.int64))
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
        return images.resize(images.decode(encoded), size)

    return load


@functools.cache
def _augmentation(
    crop: int, flip: bool, last_place: bool
) -> Callable[[tf.Tensor, tf.Tensor], tf.Tensor]:
    @tf.function
    def augment(image: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
        return images.random_crop_flip(image, crop, seed=seed, flip=flip, last_place=last_place)

    return augment
