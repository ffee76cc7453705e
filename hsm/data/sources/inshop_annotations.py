"""What In-shop's files say of each photograph beside its item: landmarks, boxes, attributes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hsm.data.picture_sizes import picture_sizes
from hsm.data.sources.inshop_attributes import read_attributes
from hsm.data.sources.inshop_boxes import read_boxes
from hsm.data.sources.inshop_landmarks import read_landmarks
from hsm.data.sources.source import SUPER_CLASSES, Split

# As many categories, the folders such as WOMEN/Dresses, as the data set has.
NUM_CATEGORIES = 23

LANDMARKS, BOXES, ATTRIBUTES = (
    "list_landmarks_inshop.txt",
    "list_bbox_inshop.txt",
    "list_attr_items.txt",
)
_IMAGES = "img"
# The place of the image's item among the folders of its path.
_ITEM = -2
_FOLDERS = ("", "Anno", "Anno/attributes", "Eval")


@dataclass(frozen=True, eq=False)
class Annotations:
    """What is known of n photographs.

    Attributes:
        landmarks: float32 [n, 8, 3], x and y as shares of width and height, and visibility, see
            `inshop_landmarks`.
        boxes: float32 [n, 4], left, top, right, bottom, likewise.
        attributes: int8 [n, 463].
        categories: int32 [n], 0 to 22.
    """

    landmarks: NDArray[np.float32]
    boxes: NDArray[np.float32]
    attributes: NDArray[np.int8]
    categories: NDArray[np.int32]


def has_annotations(split: Split) -> bool:
    """Return whether all three files lie near the photographs that a split is made of."""
    return _files(split) is not None


def read_annotations(split: Split) -> Annotations:
    """Return what the files near a split's photographs say of each.

    A landmark's and a corner's place is that of the middle of the pixel.

    Raises:
        OSError: if a file cannot be read.
        ValueError: if a file is broken or lacks a photograph, if files are missing, or for more
            than 23 categories.
    """
    files = _files(split)
    if files is None:
        raise ValueError(
            f"expected {LANDMARKS}, {BOXES} and {ATTRIBUTES} near the photographs of {_IMAGES}/. "
            "Received: photographs without them. Put them into Anno/."
        )
    categories = np.asarray(split.extras[SUPER_CLASSES])
    if categories.max() >= NUM_CATEGORIES:
        raise ValueError(
            f"expected at most {NUM_CATEGORIES} folders of categories such as WOMEN/Dresses. "
            f"Received: {categories.max() + 1}. Unpack the archive again."
        )
    names = [_name(path) for path in _paths(split)]
    landmarks = read_landmarks(files[LANDMARKS], names)
    boxes = read_boxes(files[BOXES], names)
    sizes = picture_sizes(split.images, np.arange(len(split)))[:, ::-1].astype(np.float32)
    landmarks[..., :2] = (landmarks[..., :2] + 0.5) / sizes[:, None]
    return Annotations(
        landmarks=landmarks,
        boxes=(boxes + 0.5) / np.concatenate([sizes, sizes], axis=1),
        attributes=read_attributes(files[ATTRIBUTES], [Path(name).parts[_ITEM] for name in names]),
        categories=categories.astype(np.int32),
    )


def _files(split: Split) -> dict[str, Path] | None:
    """Return the three files by name, or None if one of them or the folder img/ is missing."""
    home = _home(split)
    if home is None or SUPER_CLASSES not in split.extras:
        return None
    paths: dict[str, Path] = {}
    for name in (LANDMARKS, BOXES, ATTRIBUTES):
        places = [home / folder / name for folder in _FOLDERS]
        path = next((place for place in places if place.is_file()), None)
        if path is None:
            return None
        paths[name] = path
    return paths


def _home(split: Split) -> Path | None:
    """Return the folder with Anno/: that of img/, or the one that holds Img/img/."""
    paths = _paths(split)
    # WOMEN/Dresses/id_00000002/02_1_front.jpg
    folder = paths[0].parents[3] if paths and len(paths[0].parents) > 4 else None
    if folder is None or folder.name != _IMAGES:
        return None
    return folder.parent.parent if folder.parent.name == "Img" else folder.parent


def _paths(split: Split) -> list[Path]:
    return [Path(image) for image in split.images] if isinstance(split.images, tuple) else []


def _name(path: Path) -> str:
    """Return an image's name in the lists, such as img/WOMEN/Dresses/id_00000002/02_1_front.jpg."""
    return "/".join(path.parts[-5:])
