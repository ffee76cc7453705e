"""Stanford Online Products: photographs of articles from two lists, one of them for testing."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from hsm.data.catalog import dataset_info
from hsm.data.sources.annotations import TEST, TRAIN, Annotations, numbered
from hsm.data.sources.folders import check_unpacked, locate
from hsm.data.sources.label_lists import CLASS_NUMBERS, as_numbers, read_columns
from hsm.data.sources.source import SUPER_CLASSES
from hsm.data.sources.tfds_files import TfdsSet

PREPARED_BY_TFDS = TfdsSet("stanford_online_products", label="class_id", parts=(TRAIN, TEST))

_LISTS = {TRAIN: "Ebay_train.txt", TEST: "Ebay_test.txt"}
_SUFFIXES = (".jpg", ".jpeg", ".png")
_COLUMNS = ("image_id", "class_id", "super_class_id", "path")


def read(root: Path) -> Annotations | None:
    """Return the articles below `root`, or None where there are none.

    Both lists have a heading and the columns image_id, class_id, super_class_id and path; their
    classes are numbered through, from 1 on. Without the lists, images that are called after these
    numbers, `bicycle_final/17_3.JPG`, give the same.

    Args:
        root: the archive's folder, or one that holds it, see `candidate_roots`.

    Raises:
        FileNotFoundError: if a list or an image is missing.
        ValueError: for a list that is broken.
    """
    list_file = locate(root, "products", *_LISTS.values())
    if list_file is None:
        return _by_names(root)
    home = list_file.parent
    images: list[str] = []
    classes: list[int] = []
    kinds: list[int] = []
    parts: list[str] = []
    for part, file in _LISTS.items():
        _, class_ids, kind_ids, listed = read_columns(home / file, _COLUMNS, heading=1)
        paths = [home / path for path in listed]
        check_unpacked(home, paths, home / file)
        images += map(str, paths)
        classes += as_numbers(class_ids, home / file, "class_id", among=CLASS_NUMBERS)
        kinds += as_numbers(kind_ids, home / file, "super_class_id", among=CLASS_NUMBERS)
        parts += [part] * len(paths)
    return Annotations(
        folder=home,
        images=tuple(images),
        classes=np.array(classes, np.int32) - 1,
        class_names=tuple(str(number) for number in range(1, max(classes) + 1)),
        parts=np.array(parts),
        annotation_files=_LISTS,
        extras={SUPER_CLASSES: np.array(kinds, np.int32)},
    )


def _by_names(root: Path) -> Annotations | None:
    """Return the articles by the names of their images, if these begin with class numbers.

    Raises:
        FileNotFoundError: if they do not: the archive's names hold eBay's numbers of articles.
    """
    first = locate(root, "products", "bicycle_final")
    if first is None:
        return None
    home, train = first.parent, dataset_info("products").expected["zero_shot"].train.classes
    images = sorted(path for path in home.glob("*_final/*") if path.suffix.lower() in _SUFFIXES)
    names = [path.stem.partition("_")[0] for path in images]
    distinct = {int(name) for name in names if name.isdecimal()}
    if not all(map(str.isdecimal, names)) or distinct != set(range(1, len(distinct) + 1)):
        raise FileNotFoundError(
            f"{home}: expected {' and '.join(_LISTS.values())}, which say which articles train, as "
            "the names, which begin with eBay's numbers, do not. Received: the folders *_final/ "
            f"with {len(images):,} images alone. Unpack both lists of Stanford_Online_Products.zip "
            "beside the folders."
        )
    classes = np.array(names, np.int32) - 1
    return Annotations(
        folder=home,
        images=tuple(map(str, images)),
        classes=classes,
        class_names=tuple(str(number) for number in sorted(distinct)),
        parts=np.where(classes < train, TRAIN, TEST),
        annotation_files=dict.fromkeys(_LISTS, "the names of the images"),
        note="no lists of images: their names begin with the class numbers",
        extras={SUPER_CLASSES: numbered([path.parent.name for path in images])[0]},
    )
