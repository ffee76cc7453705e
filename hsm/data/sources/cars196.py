"""Cars196: photographs of cars, in each of the layouts that its copies have."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from hsm.data.sources.annotations import TEST, TRAIN, Annotations
from hsm.data.sources.folders import check_unpacked, locate
from hsm.data.sources.mat_files import read_annotations, read_names
from hsm.data.sources.numbered_folders import read_class_folders
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


def read(root: Path) -> Annotations | None:
    """Return the cars below `root`, or None where there are none.

    The layouts, the preferred first:
        - `cars_annos.mat`, whose records name `car_ims/000001.jpg`, and `car_ims/`;
        - `cars_train_annos.mat` and `cars_test_annos_withlabels.mat`, beside or in `devkit/`, and
          `cars_train/` and `cars_test/`, also unpacked into a folder of the same name;
        - a folder a class, all ending in a year or numbers alone, directly or in `train/` and
          `test/`. Sorted by name, the same 98 classes come first as in the order of the class
          numbers.

    Args:
        root: the folder of these, or one that holds it, or several that hold them, see
            `candidate_roots`.

    Raises:
        FileNotFoundError: if there are only some of a layout's files.
        ValueError: for annotations that are broken.
    """
    annotations = (
        _one_file(root)
        or _two_files(root)
        or read_class_folders(root, _NAME, places=_CLASS_FOLDERS, is_class=_CLASS_NAME)
    )
    if annotations is None:
        _refuse_half(root)
    return annotations


def _one_file(root: Path) -> Annotations | None:
    annotation, folder = locate(root, _NAME, _ONE_FILE), locate(root, _NAME, _ONE_FOLDER)
    if annotation is None or folder is None:
        return None
    names, classes, tested = read_annotations(
        annotation, {"relative_im_path": str, "class": int, "test": int}
    )
    paths = [folder / Path(name).name for name in names]
    check_unpacked(folder, paths, annotation)
    return Annotations(
        folder=folder,
        images=tuple(map(str, paths)),
        classes=np.array(classes, np.int32) - 1,
        class_names=read_names(annotation),
        parts=np.where(tested, TEST, TRAIN),
        annotation_files=dict.fromkeys((TRAIN, TEST), _ONE_FILE),
    )


def _two_files(root: Path) -> Annotations | None:
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
    return Annotations(
        folder=root,
        images=tuple(images),
        classes=np.array(classes, np.int32) - 1,
        class_names=_class_names(root, max(classes)),
        parts=np.array(parts),
        annotation_files=_TWO_FILES,
    )


def _annotation(root: Path, part: str) -> Path | None:
    return locate(root, _NAME, *(devkit + _TWO_FILES[part] for devkit in _DEVKITS))


def _folder(root: Path, part: str) -> Path | None:
    """Return where a part's images are; some copies hold them in a folder within the folder."""
    name = _TWO_FOLDERS[part]
    return locate(root, _NAME, f"{name}/{name}", name)


def _class_names(root: Path, count: int) -> tuple[str, ...]:
    file = locate(root, _NAME, *(devkit + _CLASS_NAMES for devkit in _DEVKITS))
    return read_names(file) if file else tuple(str(number) for number in range(1, count + 1))


def _refuse_half(root: Path) -> None:
    """Raise FileNotFoundError if some files of a layout are there."""
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
            f"{root}: expected {' or '.join(', '.join(layout) for layout in layouts)}. Received: "
            f"only {', '.join(name for name in files if files[name])}. Unpack the rest beside it; "
            "the devkit's cars_test_annos.mat has no classes and does not replace "
            f"{_TWO_FILES[TEST]}."
        )
