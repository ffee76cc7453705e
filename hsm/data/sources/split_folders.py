"""Photographs in folders of parts: train/, val/ and test/, each with one folder a class."""

from __future__ import annotations

from pathlib import Path

from hsm.data.sources.bad_files import shortened
from hsm.data.sources.class_folders import ByClass, images_by_class
from hsm.data.sources.folder_entries import folders_and_pictures
from hsm.data.sources.layouts import PART_NAMES, TEST, TRAIN, VALIDATION, part_of
from hsm.data.sources.left_out import LOOSE, OTHER_PARTS, UNUSED_PART, LeftOutCounter

Parts = dict[str, ByClass]


def read_parts(root: Path, left_out: LeftOutCounter) -> Parts:
    """Return the pictures of every part in `root`: TRAIN, and VALIDATION or TEST or both.

    Args:
        root: the folder of the parts' folders, called as in `layouts.PART_NAMES`.
        left_out: counts what is left out.

    Raises:
        ValueError: if a part is missing, there twice, or has no class folders.
        OSError: if a folder cannot be listed.
    """
    folders, loose = folders_and_pictures(root, left_out)
    for path in loose:
        left_out.add(LOOSE, path)
    by_part: dict[str, Path] = {}
    for folder in folders:
        part = part_of(folder)
        if part is None:
            left_out.add(OTHER_PARTS, folder)
        elif part in by_part:
            raise ValueError(
                f"{root}: expected each part once. Received: {by_part[part].name}/ and "
                f"{folder.name}/. Rename one of them."
            )
        else:
            by_part[part] = folder
    if TRAIN not in by_part or len(by_part) < 2:
        names = ", ".join(f"{folder.name}/" for folder in folders) or "no folder"
        raise ValueError(
            f"{root}: expected train/, and test/ or val/ or both (also called "
            f"{', '.join(name for names in PART_NAMES.values() for name in names[1:])}) with "
            f"`folder_layout=split`. Received: {names}. If its folders are the classes, use "
            "`folder_layout=classes`."
        )
    return {part: images_by_class(folder, left_out) for part, folder in by_part.items()}


def tested(parts: Parts) -> ByClass:
    """Return the part that is tested: TEST, or VALIDATION where there is no other."""
    return parts.get(TEST) or parts[VALIDATION]


def concat(parts: Parts) -> ByClass:
    """Return the pictures of all parts by class, those of the training part first."""
    ordered = [parts[part] for part in (TRAIN, VALIDATION, TEST) if part in parts]
    names = sorted({name for part in ordered for name in part})
    return {name: [path for part in ordered for path in part.get(name, ())] for name in names}


def have_the_same_classes(parts: Parts) -> bool:
    """Return whether the parts divide the pictures of each class, not the classes.

    Returns:
        True if every class trains, False if none that is tested does.

    Raises:
        ValueError: if some of the classes that are tested train, too.
    """
    trained, others = set(parts[TRAIN]), {name for part in parts.values() for name in part}
    shared = trained & set(tested(parts))
    if not shared:
        return False
    if others <= trained:
        return True
    raise ValueError(
        "expected parts with the same classes, or a training part without any class that is "
        f"tested. Received: {len(shared):,} classes in both ({shortened(sorted(shared))}), and "
        f"{len(others - trained):,} that do not train ({shortened(sorted(others - trained))}). "
        "Name the classes that train with `train_classes`: the others are tested, in any part that "
        "their pictures are in."
    )


def check_same_classes(parts: Parts) -> None:
    """Hold what is tested to the classes that train.

    Raises:
        ValueError: naming the classes that only one part has.
    """
    differing = sorted(set(parts[TRAIN]) ^ set(tested(parts)))
    if differing:
        raise ValueError(
            "expected the same classes in the training and the tested part, to classify. Received: "
            f"{len(differing):,} in one of them alone ({shortened(differing)}). Complete or remove "
            "them."
        )


def leave_out_unused(parts: Parts, left_out: LeftOutCounter) -> None:
    """Count the pictures of VALIDATION where TEST is tested."""
    if TEST in parts:
        for paths in parts.get(VALIDATION, {}).values():
            for path in paths:
                left_out.add(UNUSED_PART, path)
