"""Read a data set of the paper from class folders alone: the classes are numbered as these are."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np

from hsm.data.sources.annotations import TEST, TRAIN, UNKNOWN, Annotations
from hsm.data.sources.class_folders import images_by_class
from hsm.data.sources.folder_entries import why_no_class
from hsm.data.sources.folders import candidate_roots, usual_homes
from hsm.data.sources.left_out import LeftOutCounter

_NUMBER = re.compile(r"\d+")


def read_class_folders(
    root: Path, name: str, *, places: Iterable[str], is_class: re.Pattern[str]
) -> Annotations | None:
    """Return the images of the first place below `root` with class folders; None without one.

    The folders of a place are classes, or it has `train/` and `test/` of class folders. Where these
    hold the same classes, they are the archive's own parts; where each holds others, they are those
    of the zero-shot split, of which the class numbers are the rule.

    Args:
        root: the data set's folder, or the root of several, see `candidate_roots`.
        name: of the data set.
        places: folders in a home, the preferred first.
        is_class: what all folders are called. Numbers alone will do in `root` and in a folder that
            is called as the data set; elsewhere they may be of any.

    Raises:
        ValueError: if `train/` has a class whose number comes after one of `test/`.
    """
    usual = {root, *usual_homes(root, name)}
    for home in candidate_roots(root, name):
        patterns = (is_class, _NUMBER) if home in usual else (is_class,)
        for folder in (home / place for place in places):
            parts = {part: folder / part for part in (TRAIN, TEST)}
            if all(_holds_classes(path, patterns) for path in parts.values()):
                return _without_zero_shot_parts(_listed(folder, parts))
            if _holds_classes(folder, patterns):
                return _listed(folder, {UNKNOWN: folder})
    return None


def _listed(root: Path, folders: dict[str, Path]) -> Annotations:
    left_out = LeftOutCounter(root)
    rows = [
        (str(path), name, part)
        for part, folder in folders.items()
        for name, paths in images_by_class(folder, left_out).items()
        for path in paths
    ]
    images, names, parts = zip(*rows, strict=True)
    class_names = _in_order(set(names))
    place = {name: number for number, name in enumerate(class_names)}
    return Annotations(
        folder=root,
        images=images,
        classes=np.array([place[name] for name in names], np.int32),
        class_names=tuple(class_names),
        parts=np.array(parts),
        annotation_files={part: f"the folders of {folder}" for part, folder in folders.items()},
        left_out=left_out.counted(),
        note="no lists of images: the classes are in the order of their folders' names",
    )


def _in_order(names: Iterable[str]) -> list[str]:
    """Return names sorted by the number that each begins with, where they all do."""
    numbers = {name: match.group() for name in names if (match := _NUMBER.match(name))}
    is_numbered = all(name in numbers for name in names)
    return sorted(names, key=lambda name: (int(numbers[name]) if is_numbered else 0, name))


def _without_zero_shot_parts(annotations: Annotations) -> Annotations:
    """Return `annotations`, its parts unknown if they share no class: then no archive's."""
    trained, tested = (
        np.unique(annotations.classes[annotations.parts == p]) for p in (TRAIN, TEST)
    )
    if len(np.intersect1d(trained, tested)):
        return replace(
            annotations,
            note=f"{annotations.note}; train/ and test/ hold the same classes, of which the first "
            "train: the images of both are joined",
        )
    if trained.max() > tested.min():
        late, early = annotations.class_names[trained.max()], annotations.class_names[tested.min()]
        raise ValueError(
            f"{annotations.folder}: expected the first classes in train/ and the others in test/, "
            f"as in the paper. Received: {late} in train/ and {early} in test/. Move the class "
            "folders, or put all of them into one folder: their numbers give the split."
        )
    return replace(
        annotations,
        parts=np.full(len(annotations.parts), UNKNOWN),
        annotation_files={UNKNOWN: " and ".join(annotations.annotation_files.values())},
    )


def _holds_classes(folder: Path, patterns: Iterable[re.Pattern[str]]) -> bool:
    if not folder.is_dir():
        return False
    folders = (path for path in folder.iterdir() if path.is_dir())
    names = [path.name for path in folders if why_no_class(path) is None]
    return bool(names) and any(all(map(pattern.fullmatch, names)) for pattern in patterns)
