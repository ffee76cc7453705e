"""Find a data set's files below a folder, and say which of those that it lists are missing."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from hsm.data.catalog import dataset_info


def candidate_roots(root: Path, name: str) -> list[Path]:
    """Return the folders where data set `name` may begin, the likeliest first.

    They are `root`; the folders in it that are called as the set's usually are, each followed by
    the folders within; and the other folders in it. Other sets may have files of the same names:
    every benchmark of DeepFashion has its Eval/list_eval_partition.txt.
    """
    folders = _folders(root, dataset_info(name).folders)
    return list(dict.fromkeys([root, *usual_homes(root, name), *folders]))


def usual_homes(root: Path, name: str) -> list[Path]:
    """Return the folders in `root` that are called as data set `name` is, each with its own."""
    usual = dataset_info(name).folders
    named = [folder for folder in _folders(root, usual) if folder.name.casefold() in usual]
    return [home for folder in named for home in (folder, *_folders(folder, usual))]


def locate(root: Path, name: str, *places: str) -> Path | None:
    """Return the first of `places` that exists in the likeliest home of data set `name`.

    Args:
        root: folder of one data set, or of several, each in a folder of its own.
        name: of the data set.
        places: relative paths, the preferred first.
    """
    for home in candidate_roots(root, name):
        for place in places:
            if (home / place).exists():
                return home / place
    return None


def check_unpacked(folder: Path, paths: Sequence[Path], annotation: Path) -> None:
    """Check that image files lie in a folder, by one listing of each folder in it.

    Args:
        folder: where the archive with the images was unpacked.
        paths: the images.
        annotation: the file that lists them.

    Raises:
        ValueError: if a path leads out of `folder`.
        FileNotFoundError: if some of them are missing.
    """
    for path in paths:
        if folder not in path.parents or ".." in path.relative_to(folder).parts:
            raise ValueError(
                f"{annotation}: expected images in {folder}. Received: {os.fspath(path)[:200]!r}, "
                "which is not. The file is not the original: get it again."
            )
    parents = {path.parent for path in paths}
    present = {parent: set(os.listdir(parent)) if parent.is_dir() else set() for parent in parents}
    missing = [path for path in paths if path.name not in present[path.parent]]
    if missing:
        raise FileNotFoundError(
            f"{folder}: expected the {len(paths):,} images that {annotation} lists. Received: all "
            f"but {len(missing):,}, such as {missing[0].relative_to(folder)}, from an archive that "
            "is not wholly unpacked. Unpack it again."
        )


def _folders(root: Path, usual: Sequence[str]) -> list[Path]:
    """Return the folders in `root`, those with usual names first and in their order."""
    folders = sorted(path for path in root.iterdir() if path.is_dir() and path.name[0] != ".")
    place = {name: number for number, name in enumerate(usual)}
    return sorted(folders, key=lambda folder: place.get(folder.name.casefold(), len(place)))
