"""CUB-200-2011: photographs of birds, one line an image in each of three lists."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from hsm.data.sources.annotations import TEST, TRAIN, UNKNOWN, Annotations
from hsm.data.sources.folders import check_unpacked, locate
from hsm.data.sources.label_lists import CLASS_NUMBERS, as_numbers, read_columns
from hsm.data.sources.numbered_folders import read_class_folders
from hsm.data.sources.tfds_files import TfdsSet

PREPARED_BY_TFDS = TfdsSet("caltech_birds2011", label="label", parts=(TRAIN, TEST))

_IMAGES = "images.txt"
_LABELS = "image_class_labels.txt"
_SPLIT = "train_test_split.txt"
_CLASS_FOLDERS = ("", "images", "CUB_200_2011", "CUB_200_2011/images")
# "001.Black_footed_Albatross". Those of cars may be numbered, too, and end in a year.
_CLASS_NAME = re.compile(r"(?!.*\D(19|20)\d\d$)\d{3}\..+")


def read(root: Path) -> Annotations | None:
    """Return the birds below `root`, or None where there are none.

    All lists number the images; `image_class_labels.txt` numbers the classes from 1 on, and
    `train_test_split.txt`, which may be missing, has a 1 for an image that trains. Without any
    list the class folders, whose names begin with their numbers, are read: those of `images/`, also
    cropped ones, or of `train/` and `test/`.

    Args:
        root: the archive's folder, or one that holds it, see `candidate_roots`.

    Raises:
        FileNotFoundError: if a list or an image is missing.
        ValueError: for a list that is broken or shorter than another.
    """
    label_file = locate(root, "cub200", _LABELS, f"CUB_200_2011/{_LABELS}")
    if label_file is None:
        _check_no_half(root)
        return read_class_folders(root, "cub200", places=_CLASS_FOLDERS, is_class=_CLASS_NAME)
    home = label_file.parent
    names = _by_image(home / _IMAGES, "path")
    classes = _numbers(home / _LABELS, "class", names, among=CLASS_NUMBERS)
    paths = [home / "images" / name for name in names.values()]
    check_unpacked(home / "images", paths, home / _IMAGES)
    return Annotations(
        folder=home,
        images=tuple(map(str, paths)),
        classes=np.array(classes, np.int32) - 1,
        class_names=_class_names(list(names.values()), classes),
        parts=_parts(home / _SPLIT, names),
        annotation_files=dict.fromkeys((TRAIN, TEST, UNKNOWN), f"{_IMAGES}, {_LABELS}, {_SPLIT}"),
    )


def _check_no_half(root: Path) -> None:
    """Name what is missing where the archive is, but not its labels."""
    half = locate(root, "cub200", _IMAGES)
    if half is not None and (half.parent / "images").is_dir():
        raise FileNotFoundError(
            f"{half.parent}: expected {_IMAGES} and {_LABELS}. Received: the first alone, of an "
            "archive that is not wholly unpacked. Unpack it again."
        )


def _by_image(path: Path, column: str) -> dict[str, str]:
    numbers, values = read_columns(path, ("image number", column))
    by_image = dict(zip(numbers, values, strict=True))
    if len(by_image) != len(numbers):
        raise ValueError(
            f"{path}: expected every image once. Received: {len(numbers):,} lines on "
            f"{len(by_image):,} images. The file is not the original: unpack the archive again."
        )
    return by_image


def _numbers(path: Path, column: str, names: dict[str, str], *, among: range) -> list[int]:
    """Return the numbers of a list, in the order of the images."""
    by_image = _by_image(path, column)
    if by_image.keys() != names.keys():
        raise ValueError(
            f"{path.parent}: expected the same images in {_IMAGES} and {path.name}. Received: "
            f"{len(names):,} and {len(by_image):,} images, as one of the files is short. Unpack "
            "the archive again."
        )
    return as_numbers([by_image[image] for image in names], path, column, among=among)


def _parts(path: Path, names: dict[str, str]) -> np.ndarray:
    if not path.exists():
        return np.full(len(names), UNKNOWN)
    trains = _numbers(path, "1 for training or 0", names, among=range(2))
    return np.where(trains, TRAIN, TEST)


def _class_names(paths: list[str], classes: list[int]) -> tuple[str, ...]:
    """Return the folders of the images by class; a number nobody uses is its own name."""
    folders = {number: Path(path).parent.name for path, number in zip(paths, classes, strict=True)}
    return tuple(folders.get(number, str(number)) for number in range(1, max(classes) + 1))
