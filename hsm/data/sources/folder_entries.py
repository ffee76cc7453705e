"""Sort what lies in a folder into folders, pictures, and what is neither."""

from __future__ import annotations

import os
from pathlib import Path

from hsm.data.picture_files import is_picture
from hsm.data.sources.left_out import (
    DEAD_LINKS,
    NO_PICTURE,
    RESULTS,
    SYSTEM,
    TOOLS,
    LeftOutCounter,
)
from hsm.data.sources.tool_folders import holds_a_tools_files, is_called_as_a_tools
from hsm.output_folder import is_output_folder

# In lower case.
_SYSTEM_FILES = frozenset(
    ("thumbs.db", "ehthumbs.db", "desktop.ini", "zbthumbnail.info", "picasa.ini", "icon\r")
)


def folders_and_pictures(folder: Path, left_out: LeftOutCounter) -> tuple[list[Path], list[Path]]:
    """Return the folders in `folder` that may hold pictures, and the pictures in it, both sorted.

    A file is a picture if it begins as one or is called as one; whether it can be decoded is asked
    later. Links are followed.

    Args:
        folder: what to list.
        left_out: counts everything else.

    Raises:
        OSError: if a folder cannot be listed.
    """
    folders, pictures = [], []
    with os.scandir(folder) as entries:
        listed = sorted(entries, key=lambda entry: entry.name)
    for entry in listed:
        path = folder / entry.name
        # What a listing knows of an entry saves a look at each file, but it does not know of loops.
        known = path if entry.is_symlink() else entry
        if known.is_dir():
            reason = why_no_class(path)
            if reason is None:
                folders.append(path)
        else:
            reason = _why_no_picture(path, is_file=known.is_file())
            if reason is None:
                pictures.append(path)
        if reason is not None:
            left_out.add(reason, path)
    return folders, pictures


def why_no_class(folder: Path) -> str | None:
    """Return why a folder is no class, whatever pictures it holds; None if it may be one.

    Raises:
        OSError: if it cannot be listed.
    """
    if is_called_as_a_tools(folder):
        return TOOLS
    if is_output_folder(folder):
        return RESULTS
    return TOOLS if holds_a_tools_files(folder) else None


def _why_no_picture(path: Path, *, is_file: bool) -> str | None:
    if path.name.startswith(".") or path.name.lower() in _SYSTEM_FILES:
        return SYSTEM
    if not is_file:
        return DEAD_LINKS if path.is_symlink() and not path.exists() else NO_PICTURE
    return None if is_picture(path) else NO_PICTURE
