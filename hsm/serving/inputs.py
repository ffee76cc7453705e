"""What may be embedded, as a list of single images: arrays, paths, contents of files, folders."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from hsm.data.sources.folder_entries import folders_and_pictures
from hsm.data.sources.left_out import LeftOutCounter

Pixels = NDArray[np.uint8]
# One image: RGB pixels, the content of a file, a path. Or many: a batch of pixels, a folder.
Image = Pixels | bytes | str | os.PathLike[str]
Images = Image | Iterable[Image]

_RULE = "expected an image as uint8 [height, width, 3] in RGB, a path, or the bytes of a file"


@dataclass(frozen=True, eq=False)
class Item:
    """A single image.

    Attributes:
        name: its path, or "image 3" for the one at place 3.
        content: RGB pixels uint8 [h, w, 3], the bytes of a file, or the path of one.
    """

    name: str
    content: Pixels | bytes | Path


def items(images: Images) -> list[Item]:
    """Return one item an image, in order; folders with all below them, sorted.

    Raises:
        ValueError: if something is no image, in words; a float image above all.
        FileNotFoundError: if a path does not exist.
    """
    parts = _contents(images, None)
    return [Item(_name(content, place), content) for place, content in enumerate(parts)]


def pictures_below(folder: Path) -> list[Path]:
    """Return the pictures in a folder and in the folders below it, sorted by folder.

    Hidden files, folders of other tools and folders of results are left out, as everywhere.

    Raises:
        OSError: if a folder cannot be listed.
    """
    return list(_below(folder, LeftOutCounter(folder), set()))


def _below(folder: Path, left_out: LeftOutCounter, seen: set[Path]) -> Iterator[Path]:
    real = folder.resolve()
    if real in seen:  # A link leads back up.
        return
    seen.add(real)
    folders, pictures = folders_and_pictures(folder, left_out)
    yield from pictures
    for inner in folders:
        yield from _below(inner, left_out, seen)


def _name(content: Pixels | bytes | Path, place: int) -> str:
    return str(content) if isinstance(content, Path) else f"image {place}"


def _contents(images: Any, place: int | None) -> Iterator[Pixels | bytes | Path]:
    """Return the single images in `images`, which is at a place of a sequence, or is everything."""
    if isinstance(images, str | os.PathLike):
        yield from _of_path(Path(os.fspath(images)).expanduser())
    elif isinstance(images, bytes | bytearray | memoryview):
        yield bytes(images)
    elif isinstance(images, np.ndarray | np.generic | tf.Tensor):
        yield from _of_array(np.asarray(images), place)
    elif place is None and isinstance(images, Iterable):
        for index, image in enumerate(images):
            yield from _contents(image, index)
    else:
        raise ValueError(
            f"{_rule(place)}. Received: {type(images).__name__}. Make an array of it: of "
            'Pillow\'s images np.asarray(image.convert("RGB")).'
        )


def _of_path(path: Path) -> Iterator[Path]:
    if path.is_dir():
        pictures = pictures_below(path)
        if not pictures:
            raise FileNotFoundError(
                f"expected pictures in the folder {path} or below it. Received: none. Check the "
                "path; folders that hsm wrote and hidden ones are not searched."
            )
        yield from pictures
    elif path.exists():
        yield path
    else:
        raise FileNotFoundError(f"expected a file or folder. Received: {path}, which is missing")


def _of_array(array: np.ndarray, place: int | None) -> Iterator[Pixels | bytes | Path]:
    if array.dtype.kind in "SO":
        # A batch of files' contents, or of paths, as tensors of strings are.
        for index, content in enumerate(array.ravel().tolist()):
            yield from _contents(content, index if place is None else place)
        return
    if array.dtype.kind == "f":
        raise ValueError(
            f"{_rule(place)}. Received: floats ({array.dtype}), whose range is not known. "
            "Scale them to 0..255 and pass np.round(image).astype(np.uint8); of 0..1: "
            "np.round(255 * image)."
        )
    is_batch = array.ndim == 4
    if array.dtype != np.uint8 or array.ndim not in (3, 4) or array.shape[-1] != 3:
        raise ValueError(
            f"{_rule(place)}. Received: {array.dtype} {list(array.shape)}. Of grey values "
            "make three channels, np.repeat(grey[..., None], 3, axis=-1); drop an alpha channel, "
            "image[..., :3]."
        )
    if 0 in array.shape[-3:-1]:
        raise ValueError(f"{_rule(place)}. Received: one without pixels, {list(array.shape)}")
    yield from array if is_batch else [array]


def _rule(place: int | None) -> str:
    return _RULE if place is None else f"image {place}: {_RULE}"
