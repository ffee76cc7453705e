"""Make the folders that results go to, so that they are known again as such.

They get the file `MARKER`. Where class folders are read, a marked folder is none, so that results
may lie among the photographs that they are of.
"""

from __future__ import annotations

import fnmatch
import os
import tempfile
from collections.abc import Collection
from pathlib import Path

from hsm.atomic import reworded
from hsm.data.picture_files import PICTURE_SUFFIXES, is_picture

MARKER = ".hsm_output"

_MARKER_TEXT = (
    "hsm made this folder for results. While this file is in it, it is not read as a class of "
    "photographs.\n"
)
# What is in a folder that was written before there were markers: all of one line, and no pictures
# but figures.
_UNMARKED = (
    ("runs/*/model.json",),
    ("smoke/runs/*/model.json",),
    ("trunks/*/checkpoint.npz",),
    ("records/*-seed*.json",),
    ("*-seed*.json", "*-seed*.*.csv"),
    ("model.json", "checkpoint.npz"),
    ("scores_*.json", "scores_*.csv"),
    ("hsm_embedding.json", "saved_model.pb"),
    ("manifest.json", "*.array_record"),
    ("unfinished.json", "*.array_record*"),
)
# A figure has a PDF of the same name beside it.
_FIGURES = ("figure", "port_", "remarks_", "learning_curves", "gallery_", "confusion_", "map_")


def make_output_folder(folder: Path) -> None:
    """Make `folder` and its parents where they are missing, and mark the first that was made.

    What is made in a marked folder needs no mark of its own.

    Raises:
        OSError: if that cannot be done.
    """
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    if missing and not (missing[-1].parent / MARKER).exists():
        mark(missing[-1])


def claim_output_folder(folder: Path) -> None:
    """Make `folder` as `make_output_folder` does, and mark it even if it was there already.

    One that holds somebody's pictures, itself or in a folder in it, stays unmarked: it may be a
    class, or hold classes.

    Raises:
        OSError: if that cannot be done.
    """
    make_output_folder(folder)
    if is_output_folder(folder) or not holds_pictures(folder):
        mark(folder)


def check_writable(folder: Path) -> None:
    """Refuse a folder in which, or in whose place, no file can be made. Nothing is left there.

    Raises:
        OSError: if so, naming the folder.
    """
    place = next((path for path in (folder, *folder.parents) if path.exists()), folder)
    try:
        with tempfile.TemporaryFile(dir=place) as file:
            file.write(b"0")
            file.flush()
    except OSError as error:
        raise reworded(
            error,
            f"expected a folder that can be written to. Received: {folder}, where a file cannot be "
            f"made: {error.strerror}. Make room or make it writable, or name another folder",
        ) from error


def is_output_folder(folder: Path) -> bool:
    """Return whether hsm made `folder` for results, now or before there were markers.

    Raises:
        OSError: if it cannot be listed.
    """
    names = set(os.listdir(folder))
    if MARKER in names:
        return True
    pictures = {name for name in names if Path(name).suffix.lower() in PICTURE_SUFFIXES}
    if len(pictures) == len(names) or not all(_is_figure(name, names) for name in pictures):
        return False
    return bool(pictures) or any(
        all(_holds(folder, names, pattern) for pattern in patterns) for patterns in _UNMARKED
    )


def holds_pictures(folder: Path) -> bool:
    """Return whether pictures lie in `folder` or in a folder in it, other than those of results.

    Raises:
        OSError: if one of them cannot be listed.
    """
    visible = [path for path in folder.iterdir() if not path.name.startswith(".")]
    names = {path.name for path in visible}
    if any(p.is_file() and is_picture(p) and not _is_figure(p.name, names) for p in visible):
        return True
    inner = [path for path in visible if path.is_dir() and not is_output_folder(path)]
    return any(p.is_file() and is_picture(p) for path in inner for p in path.iterdir())


def mark(folder: Path) -> None:
    """Write the marker into `folder`, unless it is there."""
    if not (folder / MARKER).exists():
        (folder / MARKER).write_text(_MARKER_TEXT, encoding="utf-8")


def _is_figure(name: str, names: Collection[str]) -> bool:
    """Return whether a file, one of `names`, is a figure that hsm drew."""
    return name.startswith(_FIGURES) and f"{Path(name).stem}.pdf" in names


def _holds(folder: Path, names: Collection[str], pattern: str) -> bool:
    """Return whether `folder`, which lists `names`, has a path that matches `pattern`."""
    first, _, rest = pattern.partition("/")
    matches = fnmatch.filter(names, first)
    if not rest:
        return bool(matches)
    return any(next((folder / match).glob(rest), None) is not None for match in matches)
