"""Divide a folder of photographs into what trains and what is tested."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from hsm.data.sources import split_folders
from hsm.data.sources.class_folders import ByClass, images_by_class
from hsm.data.sources.class_lists import read_class_list
from hsm.data.sources.held_out import held_out
from hsm.data.sources.layouts import TRAIN
from hsm.data.sources.left_out import LeftOutCounter

CLASSES, SPLIT = "classes", "split"
LAYOUTS = (CLASSES, SPLIT)


@dataclass(frozen=True)
class Sides:
    """Pictures by class.

    Attributes:
        train: what trains.
        test: what is tested.
        note: how that follows from the folders of parts; empty without them.
    """

    train: ByClass
    test: ByClass
    note: str = ""


@dataclass(frozen=True)
class Division:
    """How a folder is divided.

    Attributes:
        layout: "classes" if its folders are the classes, "split" if they are the parts train/,
            val/ and test/ with a folder a class in each.
        train_classes: text file that names the classes that train, one a line.
        predefined: of the layout "split", whether the parts divide the pictures of each class, to
            be classified; else the tested classes are unseen.
        validation_classes: if all classes train, how many of them are held out all the same; below
            1 the share of all. None: the classes are divided as the other attributes say.
    """

    layout: str = CLASSES
    train_classes: str | None = None
    predefined: bool = False
    validation_classes: float | None = None

    @property
    def tests_training(self) -> bool:
        """True if every class trains, and there is nothing else to test."""
        return self.validation_classes == 0

    def sides(self, root: Path, left_out: LeftOutCounter) -> Sides:
        """Return what trains and what is tested of `root`.

        Without a list and without parts that differ in their classes, the first half of the sorted
        classes trains. Parts that have the same classes are joined for this, by class; if all
        classes train, any parts are.

        Args:
            root: the folder.
            left_out: counts what is left out.

        Raises:
            ValueError: if the folder has another layout, or a file or a part contradicts another.
            OSError: if something cannot be read.
        """
        if self.validation_classes is not None:
            return self._all(root, left_out, self.validation_classes)
        if self.layout == CLASSES:
            return self._halves(images_by_class(root, left_out))
        parts = split_folders.read_parts(root, left_out)
        if self.predefined:
            split_folders.check_same_classes(parts)
            split_folders.leave_out_unused(parts, left_out)
            return Sides(parts[TRAIN], split_folders.tested(parts), "divided as its folders are")
        if self.train_classes is not None or split_folders.have_the_same_classes(parts):
            return self._halves(
                split_folders.concat(parts), "its parts are joined by class, and divided anew"
            )
        split_folders.leave_out_unused(parts, left_out)
        return Sides(
            parts[TRAIN], split_folders.tested(parts), "its parts have no class in common, and stay"
        )

    def _all(self, root: Path, left_out: LeftOutCounter, asked: float) -> Sides:
        if self.train_classes is not None:
            raise ValueError(
                "expected `train_classes` only where the classes are divided in two. Received: "
                "`train_classes`, and all classes train. Leave it out, or hold classes out with "
                "`validation_classes`."
            )
        is_flat = self.layout == CLASSES
        by_class = (
            images_by_class(root, left_out)
            if is_flat
            else split_folders.concat(split_folders.read_parts(root, left_out))
        )
        usable = [name for name, images in by_class.items() if len(images) >= 2]
        chosen = held_out(usable, len(by_class), asked)
        note = "" if is_flat else "its parts are joined by class"
        return Sides(
            {name: images for name, images in by_class.items() if name not in chosen},
            {name: by_class[name] for name in chosen or usable},
            note,
        )

    def _halves(self, by_class: ByClass, note: str = "") -> Sides:
        names = list(by_class)
        if self.train_classes is None:
            trained = set(names[: len(names) // 2])
        else:
            trained = read_class_list(self.train_classes, names)
        return Sides(
            {name: by_class[name] for name in names if name in trained},
            {name: by_class[name] for name in names if name not in trained},
            note,
        )
