"""In-shop Clothes Retrieval: photographs of articles for training, as queries and as gallery."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from hsm.data.sources.folders import check_unpacked, locate
from hsm.data.sources.label_lists import as_numbers, read_columns, read_lines
from hsm.data.sources.listing import GALLERY, QUERY, TRAIN, Listing, numbered
from hsm.data.sources.tfds_files import TfdsSet

PARTS = (TRAIN, QUERY, GALLERY)
PREPARED_BY_TFDS = TfdsSet("inshop_retrieval", label="item_id", parts=PARTS)

_PARTITION = "list_eval_partition.txt"
_COLUMNS = ("image_name", "item_id", "evaluation_status")


def read(root: Path) -> Listing | None:
    """Returns the articles below `root`, or None where there are none.

    The partition file says in its first line how many images it lists, names its columns in the
    second, and goes on with lines like
    `img/WOMEN/Dresses/id_00000002/02_1_front.jpg id_00000002 train`. A class is an item.

    Args:
        root: the folder with Eval/ and Img/ or with the partition file and img/, or one that
            holds it, see `homes`.

    Raises:
        FileNotFoundError: if images are missing.
        ValueError: for a partition file that is broken, or shorter than it says.
    """
    partition = locate(root, "inshop", _PARTITION, f"Eval/{_PARTITION}")
    if partition is None:
        return None
    names, items, parts = read_columns(partition, _COLUMNS, heading=2)
    _check_partition(partition, parts)
    folder = _image_folder(partition, names[0])
    paths = [folder / name for name in names]
    check_unpacked(folder, paths, partition)
    classes, class_names = numbered(items)
    return Listing(
        folder=folder,
        images=tuple(map(str, paths)),
        classes=classes,
        class_names=class_names,
        parts=np.array(parts),
        annotations=dict.fromkeys(PARTS, _PARTITION),
    )


def _check_partition(partition: Path, parts: list[str]) -> None:
    first = read_lines(partition)[0].strip()
    (stated,) = as_numbers([first], partition, "its first line", among=range(10**9))
    if stated != len(parts):
        raise ValueError(
            f"{partition} must list as many images as its first line says, {stated:,}. "
            f"Received: {len(parts):,}. The file is short: get it again"
        )
    if unknown := sorted(set(parts) - set(PARTS)):
        raise ValueError(
            f"{partition} must put every image into one of {', '.join(PARTS)}. "
            f"Received: {unknown[0]!r}. The file is not the original: get it again"
        )


def _image_folder(partition: Path, name: str) -> Path:
    """Returns the folder that the partition's names, `img/WOMEN/…`, are relative to."""
    home = partition.parent.parent if partition.parent.name == "Eval" else partition.parent
    places = (home, home / "Img")
    for place in places:
        if place.joinpath(*Path(name).parts[:1]).is_dir():
            return place
    raise FileNotFoundError(
        f"{partition} is there, but not the folder img/ with the images: neither in {places[0]} "
        f"nor in {places[1]}. Unpack img.zip in one of them"
    )
