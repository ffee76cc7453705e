"""Cars196: photographs of cars, in each of the layouts that its copies have."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from hsm.data.sources.class_folders import images_by_class
from hsm.data.sources.folder_entries import why_no_class
from hsm.data.sources.folders import check_unpacked, homes, locate
from hsm.data.sources.left_out import LeftOutCounter
from hsm.data.sources.listing import TEST, TRAIN, UNSAID, Listing, numbered
from hsm.data.sources.mat_files import read_annotations, read_names
from hsm.data.sources.tfds_files import TfdsSet

_NAME = "cars196"
PREPARED_BY_TFDS = TfdsSet(_NAME, label="label", parts=(TRAIN, TEST))

_ONE_FILE = "cars_annos.mat"
_ONE_FOLDER = "car_ims"
_TWO_FILES = {TRAIN: "cars_train_annos.mat", TEST: "cars_test_annos_withlabels.mat"}
_TWO_FOLDERS = {TRAIN: "cars_train", TEST: "cars_test"}
_CLASS_NAMES = "cars_meta.mat"
_DEVKITS = ("", "devkit/", "car_devkit/", "car_devkit/devkit/")
_CLASS_FOLDERS = ("", "images", "car_data", "car_data/car_data")
# Every class is a make, a model and a year.
_CLASS_NAME = re.compile(r".+\D(19|20)\d\d")


def read(root: Path) -> Listing | None:
    """Returns the cars below `root`, or None where there are none.

    The layouts, the preferred first:
        - `cars_annos.mat`, whose records name `car_ims/000001.jpg`, and `car_ims/`;
        - `cars_train_annos.mat` and `cars_test_annos_withlabels.mat`, beside or in `devkit/`, and
          `cars_train/` and `cars_test/`, also unpacked into a folder of the same name;
        - a folder a class, all ending in a year, directly or in `train/` and `test/`. Sorted by
          name, the same 98 classes come first as in the order of the class numbers.

    Args:
        root: the folder of these, or one that holds it, or them in several folders, see `homes`.

    Raises:
        FileNotFoundError: if there are only some of a layout's files.
        ValueError: for annotations that are broken.
    """
    listing = _one_file(root) or _two_files(root) or _class_folders(root)
    if listing is None:
        _refuse_half(root)
    return listing


def _one_file(root: Path) -> Listing | None:
    annotation, folder = locate(root, _NAME, _ONE_FILE), locate(root, _NAME, _ONE_FOLDER)
    if annotation is None or folder is None:
        return None
    names, classes, tested = read_annotations(
        annotation, {"relative_im_path": str, "class": int, "test": int}
    )
    paths = [folder / Path(name).name for name in names]
    check_unpacked(folder, paths, annotation)
    return Listing(
        folder=folder,
        images=tuple(map(str, paths)),
        classes=np.array(classes, np.int32) - 1,
        class_names=read_names(annotation),
        parts=np.where(tested, TEST, TRAIN),
        annotations=dict.fromkeys((TRAIN, TEST), _ONE_FILE),
    )


def _two_files(root: Path) -> Listing | None:
    images: list[str] = []
    classes: list[int] = []
    parts: list[str] = []
    for part in (TRAIN, TEST):
        annotation, folder = _annotation(root, part), _folder(root, part)
        if annotation is None or folder is None:
            return None
        names, numbers = read_annotations(annotation, {"fname": str, "class": int})
        paths = [folder / name for name in names]
        check_unpacked(folder, paths, annotation)
        images += map(str, paths)
        classes += numbers
        parts += [part] * len(names)
    return Listing(
        folder=root,
        images=tuple(images),
        classes=np.array(classes, np.int32) - 1,
        class_names=_class_names(root, max(classes)),
        parts=np.array(parts),
        annotations=_TWO_FILES,
    )


def _class_folders(root: Path) -> Listing | None:
    folders = [home / place for home in homes(root, _NAME) for place in _CLASS_FOLDERS]
    for folder in folders:
        if all(_holds_classes(folder / part) for part in (TRAIN, TEST)):
            return _listed_classes(folder, {part: folder / part for part in (TRAIN, TEST)})
        if _holds_classes(folder):
            return _listed_classes(folder, {UNSAID: folder})
    return None


def _listed_classes(root: Path, folders: dict[str, Path]) -> Listing:
    """Returns the images of the class folders in each part's folder."""
    left_out = LeftOutCounter(root)
    rows = [
        (str(path), name, part)
        for part, folder in folders.items()
        for name, paths in images_by_class(folder, left_out).items()
        for path in paths
    ]
    images, names, parts = zip(*rows, strict=True)
    classes, class_names = numbered(names)
    return Listing(
        folder=root,
        images=images,
        classes=classes,
        class_names=class_names,
        parts=np.array(parts),
        annotations={part: f"the folders of {folder}" for part, folder in folders.items()},
        left_out=left_out.counted(),
    )


def _holds_classes(folder: Path) -> bool:
    if not folder.is_dir():
        return False
    folders = (path for path in folder.iterdir() if path.is_dir())
    names = [path.name for path in folders if why_no_class(path) is None]
    return bool(names) and all(map(_CLASS_NAME.fullmatch, names))


def _annotation(root: Path, part: str) -> Path | None:
    return locate(root, _NAME, *(devkit + _TWO_FILES[part] for devkit in _DEVKITS))


def _folder(root: Path, part: str) -> Path | None:
    """Returns where a part's images are; some copies hold them in a folder within the folder."""
    name = _TWO_FOLDERS[part]
    return locate(root, _NAME, f"{name}/{name}", name)


def _class_names(root: Path, count: int) -> tuple[str, ...]:
    file = locate(root, _NAME, *(devkit + _CLASS_NAMES for devkit in _DEVKITS))
    return read_names(file) if file else tuple(str(number) for number in range(1, count + 1))


def _refuse_half(root: Path) -> None:
    """Raises FileNotFoundError if some files of a layout are there."""
    layouts = (
        {
            _ONE_FILE: locate(root, _NAME, _ONE_FILE),
            f"{_ONE_FOLDER}/": locate(root, _NAME, _ONE_FOLDER),
        },
        {
            **{_TWO_FILES[part]: _annotation(root, part) for part in _TWO_FILES},
            **{f"{_TWO_FOLDERS[part]}/": _folder(root, part) for part in _TWO_FOLDERS},
        },
    )
    files = {name: path for layout in layouts for name, path in layout.items()}
    if any(files.values()):
        raise FileNotFoundError(
            f"Cars196 in {root} must have {' or '.join(', '.join(layout) for layout in layouts)}. "
            f"Received: only {', '.join(name for name in files if files[name])}. Unpack the rest "
            "beside it; the devkit's cars_test_annos.mat has no classes and does not replace "
            f"{_TWO_FILES[TEST]}"
        )
