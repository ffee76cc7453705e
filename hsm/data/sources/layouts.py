"""What a folder holds where class folders were expected, and what to do about it."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from hsm.data.sources.folder_entries import folders_and_pictures
from hsm.data.sources.left_out import LeftOutCounter

TRAIN, VALIDATION, TEST = "train", "val", "test"
# What people call the folders of a data set's parts, in lower case.
PART_NAMES = {
    TRAIN: ("train", "training"),
    VALIDATION: ("val", "valid", "validation", "dev"),
    TEST: ("test", "testing"),
}
_MAX_NAMED = 5


def part_of(folder: Path) -> str | None:
    """Return which part of a data set a folder holds by its name: TRAIN, VALIDATION or TEST."""
    name = folder.name.lower()
    return next((part for part, names in PART_NAMES.items() if name in names), None)


def what_lies_in(root: Path) -> str:
    """Return a sentence on what `root`, in which no class folder is, holds instead.

    Raises:
        OSError: if a folder cannot be listed.
    """
    folders, loose = folders_and_pictures(root, LeftOutCounter(root))
    counts = {folder: count for folder in folders if (count := _count_classes(folder))}
    if not counts:
        return _without_classes(root, folders, loose)
    name = Path(os.path.abspath(root)).name
    each = "each with" if len(counts) > 1 else "with"
    held = f"{name}/ holds {_listed(f'{folder.name}/' for folder in counts)}, {each} "
    held += f"{_numbers(counts.values())} class folders"
    parts = {part_of(folder) for folder in counts}
    if TRAIN in parts and parts & {VALIDATION, TEST}:
        return f"{held}. Read it with folder_layout=split"
    first = next(iter(counts))
    if len(counts) == 1:
        return f"{held}. Use data_dir={first}"
    return (
        f"{held}. Use one of them, such as data_dir={first}, or move their class folders into one "
        "folder"
    )


def _without_classes(root: Path, folders: list[Path], loose: list[Path]) -> str:
    place = Path(os.path.abspath(root))
    if loose:
        count = f"{len(loose):,} pictures" if len(loose) > 1 else "one picture"
        return (
            f"{count} directly in {place}, and no class folder. Put those of each class into a "
            f"folder of its own; if this is the folder of one class, use data_dir={place.parent}"
        )
    picture = _first_picture(folders, root)
    if picture is None:
        return f"no picture was found in {place}"
    return f"pictures further below, such as {picture}. Use data_dir={picture.parent.parent}"


def _count_classes(folder: Path) -> int:
    """Return how many folders in `folder` hold pictures directly."""
    inner, _ = folders_and_pictures(folder, LeftOutCounter(folder))
    return sum(bool(folders_and_pictures(path, LeftOutCounter(path))[1]) for path in inner)


def _first_picture(folders: list[Path], root: Path) -> Path | None:
    waiting, seen = list(folders), {root.resolve()}
    while waiting:
        folder = waiting.pop(0)
        # A link may lead back up.
        if folder.resolve() not in seen:
            seen.add(folder.resolve())
            inner, pictures = folders_and_pictures(folder, LeftOutCounter(folder))
            if pictures:
                return pictures[0]
            waiting += inner
    return None


def _listed(names: Iterable[str]) -> str:
    shown = list(names)
    rest = len(shown) - _MAX_NAMED
    if rest > 0:
        shown = [*shown[:_MAX_NAMED], f"{rest} more folders"]
    return " and ".join(filter(None, (", ".join(shown[:-1]), shown[-1])))


def _numbers(counts: Iterable[int]) -> str:
    """Return "5" if all are 5, else "3 to 5"."""
    distinct = sorted(set(counts))
    return f"{distinct[0]}" if len(distinct) == 1 else f"{distinct[0]} to {distinct[-1]}"
