"""List the pictures of folders that each hold one class, and count what is not one of them."""

from __future__ import annotations

import os
import unicodedata
from pathlib import Path

from hsm.data.sources.bad_files import shortened
from hsm.data.sources.folder_entries import folders_and_pictures
from hsm.data.sources.layouts import what_lies_in
from hsm.data.sources.left_out import DEEPER, EMPTY, LOOSE, LeftOut, LeftOutCounter

ByClass = dict[str, list[Path]]


def images_by_class(root: Path, left_out: LeftOutCounter) -> ByClass:
    """Return the sorted pictures directly in every folder of `root`, by class, sorted.

    A class is called as its folder, with accents composed (Unicode's NFC), as they are typed.

    Args:
        root: the folder of the class folders.
        left_out: counts what is left out.

    Raises:
        ValueError: if no picture lies directly in a class folder, or none in one of them but some
            in folders below it, or if two folders have one name.
        OSError: if a folder cannot be listed.
    """
    folders, loose = folders_and_pictures(root, left_out)
    for path in loose:
        left_out.add(LOOSE, path)
    by_folder: dict[Path, list[Path]] = {}
    buried: dict[str, LeftOut] = {}
    for folder in folders:
        inner = LeftOutCounter(left_out.root)
        pictures = _pictures(folder, inner, root)
        deeper = inner.get(DEEPER)
        if pictures:
            by_folder[folder] = pictures
            left_out.add_all(inner)
        elif deeper:
            buried[folder.name] = deeper
        else:
            left_out.add(EMPTY, folder)
    if not by_folder:
        raise ValueError(
            f"{os.path.abspath(root)}: expected one folder a class, with pictures directly in it. "
            f"Received: {what_lies_in(root)}"
        )
    if buried:
        raise ValueError(
            f"{os.path.abspath(root)}: expected every class folder to hold its pictures directly. "
            f"Received: pictures in folders below: {_named(buried)}. Move them up, or take what is "
            f"no class out; if all classes lie below {next(iter(buried))}, use "
            f"data_dir={root / next(iter(buried))}"
        )
    return _by_name(by_folder)


def _pictures(folder: Path, left_out: LeftOutCounter, root: Path) -> list[Path]:
    """Return the pictures directly in a class folder, and count what is in folders below it."""
    inner, pictures = folders_and_pictures(folder, left_out)
    seen = {root.resolve(), folder.resolve()}
    while inner:
        below = inner.pop(0)
        # A link may lead back up.
        if below.resolve() in seen:
            continue
        seen.add(below.resolve())
        deeper, buried = folders_and_pictures(below, left_out)
        inner += deeper
        for path in buried:
            left_out.add(DEEPER, path)
    return pictures


def _named(buried: dict[str, LeftOut]) -> str:
    return shortened([f"{name}/ ({d.count:,}, such as {d.example})" for name, d in buried.items()])


def _by_name(by_folder: dict[Path, list[Path]]) -> ByClass:
    by_class: ByClass = {}
    for folder, pictures in by_folder.items():
        name = unicodedata.normalize("NFC", folder.name)
        if name in by_class:
            twins = (ascii(by_class[name][0].parent.name), ascii(folder.name))
            raise ValueError(
                f"expected class folders that differ in their names. Received: {name} twice in "
                f"{folder.parent}, with its accents written in two ways, {' and '.join(twins)}. "
                "Move the pictures of one into the other."
            )
        by_class[name] = pictures
    return dict(sorted(by_class.items()))
