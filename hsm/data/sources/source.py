"""What every data set becomes: labelled images, split into training and unseen test classes."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple, overload

import numpy as np

from hsm.data.orientation import is_turned
from hsm.data.sources.left_out import LeftOut
from hsm.data.sources.source_name import check_source_name


@dataclass(frozen=True, eq=False)
class EncodedImages:
    """Image files that lie inside of larger files, read one by one when they are needed.

    Attributes:
        read: from the number of a record to the bytes of an image; several threads may call it.
        records: int64 [n], the record of every image.
    """

    read: Callable[[int], bytes]
    records: np.ndarray

    def __len__(self) -> int:
        """Return the number of images."""
        return len(self.records)

    def __getitem__(self, index: int) -> bytes:
        """Return the bytes of an image file, 0 <= index < n."""
        return self.read(int(self.records[index]))


# Image files: paths, or records that hold them.
Files = tuple[str, ...] | EncodedImages
# Image files, or pixels, uint8 [n, height, width, 3], RGB.
Images = Files | np.ndarray


@overload
def take(images: np.ndarray, indices: np.ndarray) -> np.ndarray: ...
@overload
def take(images: Files, indices: np.ndarray) -> Files: ...
def take(images: Images, indices: np.ndarray) -> Images:
    """Return the images at `indices`, integers [m], in that order."""
    if isinstance(images, np.ndarray):
        return images[indices]
    if isinstance(images, EncodedImages):
        return EncodedImages(images.read, images.records[indices])
    return tuple(images[index] for index in indices)


def concat(first: Images, second: Images) -> Images:
    """Return the images of two parts of one data set as one.

    Raises:
        ValueError: if they are not of the same form.
    """
    if isinstance(first, np.ndarray) and isinstance(second, np.ndarray):
        return np.concatenate([first, second])
    if isinstance(first, tuple) and isinstance(second, tuple):
        return first + second
    if (
        isinstance(first, EncodedImages)
        and isinstance(second, EncodedImages)
        and first.read == second.read
    ):
        return EncodedImages(first.read, np.concatenate([first.records, second.records]))
    raise ValueError(
        "expected parts of one form: pixels, paths, or records of the same files. Received: "
        f"{type(first).__name__} and {type(second).__name__}"
    )


# What every class belongs to, int32 [n]: kinds of products, categories of clothes.
SUPER_CLASSES = "super_classes"


@dataclass(frozen=True, eq=False)
class Split:
    """Labelled images: one part (training, test or gallery) of a data set.

    Attributes:
        images: paths of image files, pixels, or records of image files.
        labels: int32 [n], 0..C-1; every class occurs.
        class_names: C names, by label.
        extras: what else the files say of each image, by name: arrays [n, ...].
    """

    images: Images
    labels: np.ndarray
    class_names: tuple[str, ...]
    extras: Mapping[str, np.ndarray] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Raise ValueError when images, labels and class names do not fit together."""
        if len(self.images) != len(self.labels):
            raise ValueError(
                f"expected `images` and `labels` of the same length. Received: {len(self.images)} "
                f"images and {len(self.labels)} labels"
            )
        if not np.array_equal(np.unique(self.labels), np.arange(self.num_classes)):
            raise ValueError(
                "expected `labels` to hold every one of 0..C-1, where C is the number of "
                f"`class_names`. Received: C={self.num_classes} and labels {np.unique(self.labels)}"
            )

    @classmethod
    def of_occurring(
        cls,
        images: Images,
        classes: np.ndarray,
        names: Sequence[str],
        extras: Mapping[str, np.ndarray] | None = None,
    ) -> Split:
        """Renumber the classes that occur as 0..C-1, in their own order.

        Args:
            images: n images.
            classes: int [n], places in `names`, of which some may not occur.
            names: of all classes.
            extras: what else is known of each image; None for nothing.
        """
        occurring, labels = np.unique(classes, return_inverse=True)
        kept_names = tuple(names[place] for place in occurring)
        return cls(images, labels.astype(np.int32), kept_names, extras or {})

    def __len__(self) -> int:
        """Return the number of images."""
        return len(self.labels)

    def subset(self, indices: np.ndarray, *, relabel: bool = True) -> Split:
        """Take the images at `indices`, integers [m], in that order.

        Args:
            indices: which images.
            relabel: number the classes that are left anew, without gaps; False keeps labels and
                class names as they are.

        Raises:
            ValueError: if `relabel` is False and a class is left without an image.
        """
        images, labels = take(self.images, indices), self.labels[indices]
        extras = {name: values[indices] for name, values in self.extras.items()}
        if relabel:
            return Split.of_occurring(images, labels, self.class_names, extras)
        return Split(images, labels, self.class_names, extras)

    @property
    def num_classes(self) -> int:
        """Number of classes, C."""
        return len(self.class_names)


class _Contents(NamedTuple):
    """What the images of a source tell once they are read; see its methods."""

    checksum: str
    copies: tuple[str, ...]
    turned: int


@dataclass(frozen=True, eq=False)
class ImageSource:
    """A data set for learning an embedding: the classes of `test` are unseen in `train`.

    In a split for classification, `test` shows other images of the same classes, and equal labels
    are the same class.

    Attributes:
        name: short name for records; never a path.
        train: images to learn from.
        test: images to evaluate on; the queries where there is a gallery.
        gallery: images to retrieve from, where these are not the test images themselves; equal
            labels in `test` and here are the same class.
        flip: whether a mirrored image still belongs to its class (characters do not).
        skipped: files left out because they cannot be decoded, relative to the data's folder.
        excluded_singletons: test classes left out because they hold a single image.
        excluded_seen: test classes left out because the training part holds them too.
        left_out: what lies in the data's folder and is neither an image of a class nor one that
            was skipped, by reason.
        note: how the parts follow from the layout of the data's folder; empty if nothing is to say.
        tests_training: whether `test` is, on purpose, of images that train.
    """

    name: str
    train: Split
    test: Split
    gallery: Split | None = None
    flip: bool = True
    skipped: tuple[str, ...] = ()
    excluded_singletons: tuple[str, ...] = ()
    excluded_seen: tuple[str, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    note: str = ""
    tests_training: bool = False

    def __post_init__(self) -> None:
        """Raise ValueError for a name that could not start the name of a record."""
        check_source_name(self.name)

    def checksum(self) -> str:
        """Return a SHA-256, hexadecimal, over every split's classes, labels and images.

        Of a file it covers the base name and the content, of a record the content, of an array
        shape and pixels. Where the data lies does not matter; the order of the images does. They
        are read once, also for `copies` and `turned`.
        """
        return self._contents.checksum

    def copies(self) -> tuple[str, ...]:
        """Return the names of test and gallery images that train, too: to the byte the same.

        There is none to tell of where the test images are training images on purpose.
        An image is called as its file with its folder, or as its class where it is in no file.
        """
        return self._contents.copies

    def turned(self) -> int:
        """Return how many images the EXIF tag of their file turns upright."""
        return self._contents.turned

    @functools.cached_property
    def _contents(self) -> _Contents:
        digest = hashlib.sha256()
        trained: set[bytes] = set()
        copies: list[str] = []
        turned = 0
        for role, split in (("train", self.train), ("test", self.test), ("gallery", self.gallery)):
            if split is None:
                continue
            digest.update(repr((role, split.class_names)).encode())
            # Training images are known already, and may be long to read.
            is_known = self.tests_training and role == "test"
            digested = () if is_known else _digested(split, digest)
            for index, (single, turns) in enumerate(digested):
                turned += turns
                if role == "train":
                    trained.add(single)
                elif single in trained:
                    copies.append(_image_name(split, index))
            digest.update(split.labels.astype("<i4").tobytes())
        return _Contents(digest.hexdigest(), tuple(copies), turned)


def _digested(split: Split, digest: hashlib._Hash) -> Iterator[tuple[bytes, bool]]:
    """Add the images to `digest`, and yield a digest of each, and whether a tag turns it."""
    if isinstance(split.images, np.ndarray):
        digest.update(repr(split.images.shape).encode())
        digest.update(np.ascontiguousarray(split.images).tobytes())
        yield from ((hashlib.sha256(pixels.tobytes()).digest(), False) for pixels in split.images)
        return
    for index in range(len(split)):
        name, content = _file(split.images[index])
        digest.update(repr((name, len(content))).encode())
        digest.update(content)
        yield hashlib.sha256(content).digest(), is_turned(content)


def _image_name(split: Split, index: int) -> str:
    if isinstance(split.images, tuple):
        return "/".join(Path(split.images[index]).parts[-2:])
    return split.class_names[split.labels[index]]


def _file(image: str | bytes) -> tuple[str, bytes]:
    """Return base name and content of a file, or the content of a record without a name."""
    if isinstance(image, bytes):
        return "", image
    return Path(image).name, Path(image).read_bytes()


def first_per_class(labels: np.ndarray, limit: int | None) -> np.ndarray:
    """Choose about `limit` examples, the first of each of the first classes, evenly.

    Args:
        labels: int [n], 0..C-1.
        limit: how many to keep at most (but no fewer than two of two classes); None keeps all.

    Returns:
        int64, the chosen examples, ascending. Their labels are again 0..c-1, and a class keeps
        two images or more where it has them, so that it can be evaluated.
    """
    if limit is None or limit >= len(labels):
        return np.arange(len(labels))
    num_classes = min(int(labels.max()) + 1, max(2, limit // 4))
    per_class = max(2, limit // num_classes)
    chosen = [np.flatnonzero(labels == label)[:per_class] for label in range(num_classes)]
    return np.sort(np.concatenate(chosen))
