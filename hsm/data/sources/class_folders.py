"""List the image files of folders that each hold one class."""

from __future__ import annotations

from pathlib import Path

from hsm.data.picture_files import PICTURE_SUFFIXES
from hsm.data.sources.left_out import RESULTS, TOOLS, LeftOutCounter
from hsm.data.sources.tool_folders import holds_a_tools_files, is_called_as_a_tools
from hsm.output_folder import is_output_folder


def images_by_class(root: Path, left_out: LeftOutCounter) -> dict[str, list[Path]]:
    """Returns the sorted image files directly in every folder of `root` that holds one.

    Folders of results and of tools are left out. Files whose names start with a dot, and files
    without an image's suffix, are ignored.

    Args:
        root: the folder of the class folders.
        left_out: counts what is left out.
    """
    by_class = {}
    for folder in sorted(path for path in root.iterdir() if path.is_dir()):
        reason = why_no_class(folder)
        if reason:
            left_out.add(reason, folder)
            continue
        files = [
            path
            for path in sorted(folder.iterdir())
            if not path.name.startswith(".")
            and path.suffix.lower() in PICTURE_SUFFIXES
            and path.is_file()
        ]
        if files:
            by_class[folder.name] = files
    return by_class


def why_no_class(folder: Path) -> str | None:
    """Returns why a folder is no class, whatever pictures it holds; None if it may be one.

    Raises:
        OSError: if it cannot be listed.
    """
    if is_called_as_a_tools(folder):
        return TOOLS
    if is_output_folder(folder):
        return RESULTS
    return TOOLS if holds_a_tools_files(folder) else None
