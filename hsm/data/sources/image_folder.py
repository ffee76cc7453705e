"""A folder of photographs, one folder a class."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from hsm.data.sources.bad_files import bad_files, shortened
from hsm.data.sources.class_folders import images_by_class
from hsm.data.sources.left_out import LeftOutCounter
from hsm.data.sources.source import ImageSource, Split, limited


@dataclass(frozen=True)
class _File:
    path: Path
    class_name: str


def load(
    data_dir: str,
    *,
    train_classes: str | None = None,
    on_bad_image: Literal["error", "skip"] = "error",
    singletons: Literal["error", "exclude"] = "error",
    limit: int | None = None,
) -> ImageSource:
    """Lists the images directly in every class folder of `data_dir` and checks that they decode.

    Args:
        data_dir: the folder; its base name becomes the source's name. Class folders and files whose
            names start with a dot, and files without an image's suffix, are ignored.
        train_classes: text file that names the training classes, one a line; the other classes are
            tested. By default the first half of the sorted classes trains.
        on_bad_image: "error" refuses files that cannot be decoded, "skip" leaves them out.
        singletons: "error" refuses a test class with a single image, which cannot be retrieved;
            "exclude" leaves it out.
        limit: about how many images of each part to keep, evenly over classes; None keeps all.

    Raises:
        FileNotFoundError: if `data_dir` or `train_classes` is not there.
        ValueError: for fewer than two training or test classes, and for what the arguments refuse.
    """
    root = Path(data_dir).expanduser()
    if not root.is_dir():
        raise FileNotFoundError(
            f"Argument `data_dir` must be a folder with one folder of images a class. "
            f"Received: data_dir={data_dir}, which is not a folder"
        )
    left_out = LeftOutCounter(root)
    by_class = _list_images(root, left_out)
    # Before bad files are dropped, so that they never move a class to the other side.
    training, testing = _split_classes(sorted(by_class), train_classes)
    _check_two("training", training)
    _check_two("test", testing)
    train_files = _limited_files(by_class, training, limit)
    test_files = _limited_files(by_class, testing, limit)
    bad = bad_files(
        root,
        [str(file.path) for file in train_files + test_files],
        on_bad_image=on_bad_image,
        remedy="Convert them to JPEG or PNG, remove them",
    )
    train_files = [file for file in train_files if str(file.path) not in bad]
    test_files = [file for file in test_files if str(file.path) not in bad]
    test_files, excluded = _without_singletons(test_files, singletons)
    return ImageSource(
        name=Path(os.path.abspath(root)).name,
        train=_split("training", train_files),
        test=_split("test", test_files),
        skipped=tuple(bad.values()),
        excluded_singletons=excluded,
        left_out=left_out.counted(),
    )


def _list_images(root: Path, left_out: LeftOutCounter) -> dict[str, list[_File]]:
    """Returns the sorted image files of every class folder that holds one."""
    by_class = {
        name: [_File(path, name) for path in paths]
        for name, paths in images_by_class(root, left_out).items()
    }
    if not by_class:
        raise ValueError(
            f"Argument `data_dir` must hold one folder a class with image files directly in it "
            f"(.jpg, .png, .bmp, .gif). No image was found. Received: data_dir={root}"
        )
    return by_class


def _split_classes(
    classes: Sequence[str], train_classes: str | None
) -> tuple[Sequence[str], Sequence[str]]:
    if train_classes is None:
        return classes[: len(classes) // 2], classes[len(classes) // 2 :]
    file = Path(train_classes).expanduser()
    if not file.is_file():
        raise FileNotFoundError(
            "Argument `train_classes` must be a text file that names one class folder a line. "
            f"Received: train_classes={train_classes}, which is not a file"
        )
    named = {line.strip() for line in file.read_text(encoding="utf-8-sig").splitlines()} - {""}
    if unknown := sorted(named - set(classes)):
        raise ValueError(
            f"File `train_classes` must name class folders of `data_dir`. Received: "
            f"train_classes={train_classes}, in which these have no folder with images: "
            + shortened(unknown)
        )
    return [c for c in classes if c in named], [c for c in classes if c not in named]


def _limited_files(
    by_class: dict[str, list[_File]], classes: Sequence[str], limit: int | None
) -> list[_File]:
    files = [file for name in classes for file in by_class[name]]
    labels = np.repeat(np.arange(len(classes)), [len(by_class[name]) for name in classes])
    return [files[index] for index in limited(labels, limit)]


def _without_singletons(files: list[_File], singletons: str) -> tuple[list[_File], tuple[str, ...]]:
    names, counts = np.unique([file.class_name for file in files], return_counts=True)
    single = tuple(str(name) for name in names[counts == 1])
    if single and singletons == "error":
        raise ValueError(
            "Every test class must hold at least two images, one to query and one to find. Add "
            "images, or leave these classes out with --singletons=exclude. Received one image of: "
            + shortened(single)
        )
    return [file for file in files if file.class_name not in single], single


def _check_two(role: str, names: Sequence[str]) -> None:
    if len(names) < 2:
        raise ValueError(
            f"There must be at least two {role} classes with usable images. Received: "
            f"{len(names)} ({shortened(names) or 'none'}). Add class folders, or say with "
            "--train_classes which of them train; by default the first half of the sorted does"
        )


def _split(role: str, files: Sequence[_File]) -> Split:
    names = sorted({file.class_name for file in files})
    _check_two(role, names)
    label_of = {name: label for label, name in enumerate(names)}
    labels = np.array([label_of[file.class_name] for file in files], np.int32)
    return Split(tuple(str(file.path) for file in files), labels, tuple(names))
