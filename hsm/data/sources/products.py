"""Stanford Online Products: photographs of articles from two lists, one of them for testing."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from hsm.data.sources.folders import check_unpacked, locate
from hsm.data.sources.label_lists import CLASS_NUMBERS, as_numbers, read_columns
from hsm.data.sources.listing import TEST, TRAIN, Listing
from hsm.data.sources.tfds_files import TfdsSet

PREPARED_BY_TFDS = TfdsSet("stanford_online_products", label="class_id", parts=(TRAIN, TEST))

_LISTS = {TRAIN: "Ebay_train.txt", TEST: "Ebay_test.txt"}
_COLUMNS = ("image_id", "class_id", "super_class_id", "path")


def read(root: Path) -> Listing | None:
    """Returns the articles below `root`, or None where there are none.

    Both lists have a heading and the columns image_id, class_id, super_class_id and path; their
    classes are numbered through, from 1 on.

    Args:
        root: the archive's folder, or one that holds it, see `homes`.

    Raises:
        FileNotFoundError: if a list or an image is missing.
        ValueError: for a list that is broken.
    """
    found = locate(root, "products", *_LISTS.values())
    if found is None:
        return None
    home = found.parent
    images: list[str] = []
    classes: list[int] = []
    parts: list[str] = []
    for part, file in _LISTS.items():
        _, class_ids, _, listed = read_columns(home / file, _COLUMNS, heading=1)
        paths = [home / path for path in listed]
        check_unpacked(home, paths, home / file)
        images += map(str, paths)
        classes += as_numbers(class_ids, home / file, "class_id", among=CLASS_NUMBERS)
        parts += [part] * len(paths)
    return Listing(
        folder=home,
        images=tuple(images),
        classes=np.array(classes, np.int32) - 1,
        class_names=tuple(str(number) for number in range(1, max(classes) + 1)),
        parts=np.array(parts),
        annotations=_LISTS,
    )
