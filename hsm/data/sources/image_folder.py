"""A folder of photographs, one folder a class."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from hsm.data.catalog import MAX_PIXELS
from hsm.data.sources.annotations import numbered
from hsm.data.sources.bad_files import bad_files, shortened
from hsm.data.sources.class_folders import ByClass
from hsm.data.sources.division import Division
from hsm.data.sources.left_out import LeftOutCounter
from hsm.data.sources.source import ImageSource, Split, first_per_class
from hsm.data.sources.source_name import check_source_name


@dataclass(frozen=True)
class _File:
    path: Path
    class_name: str


def load(
    data_dir: str,
    *,
    division: Division | None = None,
    on_bad_image: Literal["error", "skip"] = "error",
    singletons: Literal["error", "exclude"] = "error",
    limit: int | None = None,
    max_pixels: int = MAX_PIXELS,
) -> ImageSource:
    """List the pictures directly in every class folder of `data_dir` and check that they decode.

    What is a picture is told by its first bytes, or by its suffix, so that one that is broken is
    refused and not overlooked. What is left out is counted in the source's `left_out`.

    Args:
        data_dir: the folder; its base name becomes the source's name.
        division: how it is divided. By default its folders are classes, the first half of which,
            sorted, trains.
        on_bad_image: "error" refuses files that cannot be decoded, "skip" leaves them out.
        singletons: "error" refuses an unseen test class with a single image, which cannot be
            retrieved; "exclude" leaves it out.
        limit: about how many images of each part to keep, evenly over classes; None keeps all.
        max_pixels: an image file with more counts as one that cannot be decoded.

    Raises:
        FileNotFoundError: if `data_dir` or a list of classes is not there.
        ValueError: for fewer than two training or test classes, a folder's name that cannot start
            names of files, and for what the arguments refuse.
    """
    root = Path(data_dir).expanduser()
    if not root.is_dir():
        raise FileNotFoundError(
            "expected `data_dir` to be a folder with one folder of images a class. Received: "
            f"data_dir={data_dir}, which is not a folder"
        )
    name = Path(os.path.abspath(root)).name
    check_source_name(name)
    division = division or Division()
    left_out = LeftOutCounter(root)
    # Before bad files are dropped, so that they never move a class to the other side.
    sides = division.sides(root, left_out)
    _check_two("training", list(sides.train), division)
    _check_two("test", list(sides.test), division)
    train_files = _limited_files(sides.train, limit)
    test_files = [] if division.tests_training else _limited_files(sides.test, limit)
    bad = bad_files(
        root,
        [str(file.path) for file in train_files + test_files],
        on_bad_image=on_bad_image,
        remedy="Convert them to JPEG or PNG, remove them",
        max_pixels=max_pixels,
    )
    train_files = [file for file in train_files if str(file.path) not in bad]
    test_files = [file for file in test_files if str(file.path) not in bad]
    excluded: tuple[str, ...] = ()
    if division.tests_training:
        test_files, excluded = _without_singletons(train_files, "exclude")
    elif division.predefined:
        _check_same_classes(train_files, test_files)
    else:
        test_files, excluded = _without_singletons(test_files, singletons)
    return ImageSource(
        name=name,
        train=_split("training", train_files, division),
        test=_split("test", test_files, division),
        skipped=tuple(bad.values()),
        excluded_singletons=excluded,
        left_out=left_out.counted(),
        note=sides.note,
        tests_training=division.tests_training,
    )


def _limited_files(by_class: ByClass, limit: int | None) -> list[_File]:
    files = [_File(path, name) for name, paths in by_class.items() for path in paths]
    labels = np.repeat(np.arange(len(by_class)), [len(paths) for paths in by_class.values()])
    return [files[index] for index in first_per_class(labels, limit)]


def _without_singletons(files: list[_File], singletons: str) -> tuple[list[_File], tuple[str, ...]]:
    names, counts = np.unique([file.class_name for file in files], return_counts=True)
    single = tuple(str(name) for name in names[counts == 1])
    if single and singletons == "error":
        raise ValueError(
            "expected at least two images of every test class, one to query and one to find. "
            f"Received: one image of {shortened(single)}. Add images, or leave these classes out "
            "with `singletons='exclude'`."
        )
    return [file for file in files if file.class_name not in single], single


def _check_two(role: str, names: Sequence[str], division: Division) -> None:
    if len(names) >= 2:
        return
    received = f"{len(names)} ({shortened(names) or 'none'})"
    if division.validation_classes is None:
        raise ValueError(
            f"expected at least two {role} classes with usable images. Received: {received}. Add "
            "class folders, or say with `train_classes` which of them train; by default the first "
            "half of the sorted does."
        )
    usable = "usable images" if role == "training" else "two usable images or more to be scored"
    raise ValueError(
        f"expected at least two {role} classes with {usable}. Received: {received}. Add class "
        "folders."
    )


def _check_same_classes(train: list[_File], test: list[_File]) -> None:
    differing = {file.class_name for file in train} ^ {file.class_name for file in test}
    if differing:
        raise ValueError(
            "expected the training and the tested part to have the same classes, also without the "
            f"images that cannot be decoded. Received: {shortened(sorted(differing))} in one of "
            "them alone. Mend their images, or remove these classes."
        )


def _split(role: str, files: Sequence[_File], division: Division) -> Split:
    labels, names = numbered([file.class_name for file in files])
    _check_two(role, names, division)
    return Split(tuple(str(file.path) for file in files), labels, names)
