"""In-shop Clothes Retrieval: photographs of articles for training, as queries and as gallery."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from hsm.data.sources.annotations import GALLERY, QUERY, TRAIN, Annotations, numbered
from hsm.data.sources.folders import check_unpacked, locate
from hsm.data.sources.label_lists import as_numbers, read_columns, read_lines
from hsm.data.sources.source import SUPER_CLASSES
from hsm.data.sources.tfds_files import TfdsSet

PARTS = (TRAIN, QUERY, GALLERY)
PREPARED_BY_TFDS = TfdsSet("inshop_retrieval", label="item_id", parts=PARTS)

_PARTITION = "list_eval_partition.txt"
_LISTS = ("", "Eval/", "Anno/")
_IMAGES = "img"
_OTHER_RESOLUTIONS = ("img_highres",)
_COLUMNS = ("image_name", "item_id", "evaluation_status")


def read(root: Path) -> Annotations | None:
    """Return the articles below `root`, or None where there are none.

    The partition file says in its first line how many images it lists, names its columns in the
    second, and goes on with lines like
    `img/WOMEN/Dresses/id_00000002/02_1_front.jpg id_00000002 train`. A class is an item.

    In place of `img/` there may be `img_highres/`, with photographs of another resolution.

    Args:
        root: the folder with Eval/ (or Anno/) and Img/ or with the partition file and img/, or one
            that holds it, see `candidate_roots`.

    Raises:
        FileNotFoundError: if images are missing.
        ValueError: for a partition file that is broken, or shorter than it says.
    """
    partition = locate(root, "inshop", *(place + _PARTITION for place in _LISTS))
    if partition is None:
        _check_no_half(root)
        return None
    names, items, parts = read_columns(partition, _COLUMNS, heading=2)
    _check_partition(partition, parts)
    images = _image_folder(partition)
    folder, note = images.parent, ""
    if images.name != _IMAGES:
        names = [str(Path(images.name, *Path(name).parts[1:])) for name in names]
        note = f"photographs of {images.name}/, of another resolution than those of {_IMAGES}/"
    paths = [folder / name for name in names]
    check_unpacked(folder, paths, partition)
    classes, class_names = numbered(items)
    return Annotations(
        folder=folder,
        images=tuple(map(str, paths)),
        classes=classes,
        class_names=class_names,
        parts=np.array(parts),
        annotation_files=dict.fromkeys(PARTS, _PARTITION),
        note=note,
        extras={SUPER_CLASSES: _categories(names)},
    )


def _categories(names: Sequence[str]) -> np.ndarray:
    """Return the place of every image's category, such as WOMEN/Dresses, among the sorted ones."""
    return numbered(["/".join(Path(name).parts[1:3]) for name in names])[0]


def _check_partition(partition: Path, parts: list[str]) -> None:
    first = read_lines(partition)[0].strip()
    (stated,) = as_numbers([first], partition, "its first line", among=range(10**9))
    if stated != len(parts):
        raise ValueError(
            f"{partition}: expected as many images as the first line says, {stated:,}. Received: "
            f"{len(parts):,}. The file is short: get it again."
        )
    if unknown := sorted(set(parts) - set(PARTS)):
        raise ValueError(
            f"{partition}: expected every image to be in one of {', '.join(PARTS)}. Received: "
            f"{unknown[0]!r}. The file is not the original: get it again."
        )


def _image_folder(partition: Path) -> Path:
    """Return the folder img/ that the partition's names begin with, or that of another resolution.

    Raises:
        FileNotFoundError: if there is none, naming what is packed.
    """
    is_inside = f"{partition.parent.name}/" in _LISTS
    home = partition.parent.parent if is_inside else partition.parent
    places = (home, home / "Img")
    for name in (_IMAGES, *_OTHER_RESOLUTIONS):
        for place in places:
            if (place / name).is_dir():
                return place / name
    packed = [p for place in places for p in sorted(place.glob("img*.zip"))]
    raise FileNotFoundError(
        f"{partition}: expected the folder img/ with the images beside it. Received: none in "
        f"{places[0]} or {places[1]}. Unpack {packed[0] if packed else 'img.zip in one of them'}."
    )


def _check_no_half(root: Path) -> None:
    """Name what is missing where the photographs are, but not their list."""
    folders = [
        f"{place}{name}" for name in (_IMAGES, *_OTHER_RESOLUTIONS) for place in ("Img/", "")
    ]
    photographs = locate(root, "inshop", *(f"{folder}/WOMEN" for folder in folders))
    if photographs is not None:
        raise FileNotFoundError(
            f"{photographs.parent}: expected {_PARTITION}, which says which of the photographs "
            f"train. Received: photographs alone. Put it beside the folder {_IMAGES}/, or into "
            "Eval/."
        )
