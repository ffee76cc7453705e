"""Find a data set's files below a folder, and say which of those that it lists are missing."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path


def homes(root: Path) -> list[Path]:
    """Returns the folders where a data set may begin: `root`, then the folders in it by name."""
    folders = (path for path in root.iterdir() if path.is_dir() and path.name[0] != ".")
    return [root, *sorted(folders)]


def locate(root: Path, *places: str) -> Path | None:
    """Returns the first of `places` that exists in `root`, else in one of the folders in it.

    Args:
        root: folder of one data set, or of several, each in a folder of its own.
        places: relative paths, the preferred first.
    """
    for home in homes(root):
        for place in places:
            if (home / place).exists():
                return home / place
    return None


def check_unpacked(folder: Path, paths: Sequence[Path], annotation: Path) -> None:
    """Checks that image files exist, by one listing of each folder that they lie in.

    Args:
        folder: where the archive with the images was unpacked.
        paths: the images.
        annotation: the file that lists them.

    Raises:
        FileNotFoundError: if some of them are missing.
    """
    parents = {path.parent for path in paths}
    present = {parent: set(os.listdir(parent)) if parent.is_dir() else set() for parent in parents}
    missing = [path for path in paths if path.name not in present[path.parent]]
    if missing:
        raise FileNotFoundError(
            f"{len(missing):,} of {len(paths):,} images that {annotation} lists are not in "
            f"{folder}, for example {missing[0].relative_to(folder)}: the archive is not wholly "
            "unpacked. Unpack it again"
        )
