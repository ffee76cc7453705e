"""From single images to a batch of pixels of one size, as the evaluation makes it.

An image that cannot be read is left out and named; the others of its batch are kept.
"""

from __future__ import annotations

import functools
import itertools
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from hsm.cores import usable_cores
from hsm.data import images
from hsm.data.image_check import why_bad
from hsm.serving.inputs import Item, Pixels


@dataclass(frozen=True, eq=False)
class Decoded:
    """The images of a batch that could be read.

    Attributes:
        pixels: uint8 [m, size, size, 3].
        places: int64 [m], in the batch, ascending.
        reasons: of the others, by place.
    """

    pixels: Pixels
    places: NDArray[np.int64]
    reasons: dict[int, str]


def decode(batch: Sequence[Item], size: int, max_pixels: int) -> Decoded:
    """Read, decode and resize the images of a batch. May be called by several threads.

    Args:
        batch: n images.
        size: side in pixels that they are resized to.
        max_pixels: a file whose header states more is not decoded.
    """
    pixels = np.empty((len(batch), size, size, images.CHANNELS), np.uint8)
    is_read = np.zeros(len(batch), np.bool_)
    for places, resized in _of_arrays(batch, size):
        pixels[places], is_read[places] = resized, True
    files = [place for place, item in enumerate(batch) if not _is_array(item)]
    if files:
        decoded, is_decoded = _loader(size, max_pixels)(
            *_sources([batch[place] for place in files])
        )
        places = np.asarray(files)[is_decoded.numpy()[:-1]]
        pixels[places], is_read[places] = decoded.numpy()[:-1], True
    bad = np.flatnonzero(~is_read).tolist()
    reasons = {place: _reason(batch[place], max_pixels) for place in bad}
    return Decoded(pixels if not bad else pixels[is_read], np.flatnonzero(is_read), reasons)


def _is_array(item: Item) -> bool:
    return isinstance(item.content, np.ndarray)


def _of_arrays(batch: Sequence[Item], size: int) -> Iterator[tuple[list[int], np.ndarray]]:
    """Return places and resized pixels of the arrays; neighbours of one shape at once."""

    def shape(pair: tuple[int, Item]) -> tuple[int, ...]:
        content = pair[1].content
        return content.shape if isinstance(content, np.ndarray) else ()

    for image_shape, group in itertools.groupby(enumerate(batch), shape):
        if image_shape:
            places, alike = zip(*group, strict=True)
            stacked = np.stack([item.content for item in alike])
            yield list(places), _resizer(size)(stacked).numpy()


def _sources(batch: Sequence[Item]) -> tuple[tf.Tensor, tf.Tensor]:
    """Return contents or paths, strings [n], and which of them are paths, bool [n]."""
    contents = [i.content if isinstance(i.content, bytes) else _path(i) for i in batch]
    are_paths = [isinstance(item.content, Path) for item in batch]
    return tf.constant(contents, tf.string), tf.constant(are_paths)


def _path(item: Item) -> bytes:
    # TensorFlow takes "a://b" for a file system of that name.
    return os.fsencode(os.path.abspath(str(item.content)))


def _reason(item: Item, max_pixels: int) -> str:
    """Return why a file could not be read, which a batch does not say."""
    try:
        content = item.content if isinstance(item.content, bytes) else _read(item)
    except OSError as error:
        return f"cannot be read: {error.strerror}"
    reason = why_bad(content, max_pixels=max_pixels)
    return reason or "could not be read when it was its turn, but can be now"


def _read(item: Item) -> bytes:
    return Path(str(item.content)).read_bytes()


@functools.cache
def _resizer(size: int) -> Callable[[np.ndarray], tf.Tensor]:
    @tf.function(input_signature=[tf.TensorSpec([None, None, None, images.CHANNELS], tf.uint8)])
    def resize(pixels: tf.Tensor) -> tf.Tensor:
        return images.resize(pixels, size)

    return resize


# Made once for a size: a data set of its own for each call would be traced each time.
@functools.cache
def _loader(size: int, max_pixels: int) -> Callable[..., tuple[tf.Tensor, tf.Tensor]]:
    """Return what reads files on all cores: those that can be read, and behind them a black one.

    It takes what `_sources` returns, and returns uint8 [m + 1, size, size, 3] and places [m + 1].
    """

    @tf.autograph.experimental.do_not_convert
    def example(place: tf.Tensor, content: tf.Tensor, is_path: tf.Tensor) -> tuple[tf.Tensor, ...]:
        encoded = tf.cond(is_path, lambda: tf.io.read_file(content), lambda: content)
        return images.resize(images.decode(encoded, max_pixels=max_pixels), size), place

    signature = [tf.TensorSpec([None], tf.string), tf.TensorSpec([None], tf.bool)]

    @tf.function(input_signature=signature, autograph=False)
    def load(contents: tf.Tensor, are_paths: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        count = tf.size(contents, tf.int64)
        files = tf.data.Dataset.from_tensor_slices((tf.range(count), contents, are_paths))
        decoded = files.map(example, usable_cores(), deterministic=True).ignore_errors()
        # A single element there is even where no file can be read.
        black = tf.zeros([size, size, images.CHANNELS], tf.uint8)
        last = tf.data.Dataset.from_tensors((black, tf.constant(-1, tf.int64)))
        options = tf.data.Options()
        options.autotune.enabled = False
        batch = decoded.concatenate(last).batch(count + 1).with_options(options)
        return batch.get_single_element()

    return load
