"""List the image files of folders that each hold one class."""

from __future__ import annotations

from pathlib import Path

_DECODED_SUFFIXES = (".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".gif", ".bmp", ".dib", ".webp")
# Listed too, so that what cannot be decoded is refused by name and not overlooked.
_OTHER_SUFFIXES = (".tif", ".tiff", ".heic", ".heif", ".avif", ".jxl", ".jp2", ".ppm", ".tga")
IMAGE_SUFFIXES = frozenset(_DECODED_SUFFIXES + _OTHER_SUFFIXES)


def images_by_class(root: Path) -> dict[str, list[Path]]:
    """Returns the sorted image files directly in every folder of `root` that holds one.

    Folders and files whose names start with a dot, and files without an image's suffix, are
    ignored.
    """
    by_class = {}
    for folder in sorted(path for path in root.iterdir() if _is_visible(path) and path.is_dir()):
        files = [
            path
            for path in sorted(folder.iterdir())
            if _is_visible(path) and path.suffix.lower() in IMAGE_SUFFIXES and path.is_file()
        ]
        if files:
            by_class[folder.name] = files
    return by_class


def _is_visible(path: Path) -> bool:
    return not path.name.startswith(".")
