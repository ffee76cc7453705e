"""What the annotation files of a data set say, before it is split."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from hsm.data.sources.left_out import LeftOut
from hsm.data.sources.source import Files

TRAIN, TEST, QUERY, GALLERY = "train", "test", "query", "gallery"
# The part of an image where the archive does not say it.
UNKNOWN = ""


@dataclass(frozen=True, eq=False)
class Annotations:
    """Every image of a data set with its class and its part, as its files tell them.

    Attributes:
        folder: where the images were found.
        images: paths or records.
        classes: int32 [n], 0..C-1, in the order of the data set's own class numbers.
        class_names: C names.
        parts: str [n], the part that the archive puts an image in: TRAIN, TEST, QUERY, GALLERY, or
            UNKNOWN.
        annotation_files: by part, the annotation file that lists it.
        left_out: what is no image of a class, where folders were read and not annotation files.
        note: what follows from the form that it was found in; empty if nothing is to say.
        extras: what else the files say of each image, see `Split`.
    """

    folder: Path
    images: Files
    classes: np.ndarray
    class_names: tuple[str, ...]
    parts: np.ndarray
    annotation_files: Mapping[str, str]
    left_out: tuple[LeftOut, ...] = ()
    note: str = ""
    extras: Mapping[str, np.ndarray] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Raise ValueError when images, classes, names and parts do not fit together."""
        if not len(self.images) == len(self.classes) == len(self.parts):
            raise self._misfit(
                "as many classes and parts as images",
                f"{len(self.images):,} images, {len(self.classes):,} classes and "
                f"{len(self.parts):,} parts",
            )
        named = range(len(self.class_names))
        if unnamed := {*np.unique(self.classes).tolist()} - {*named}:
            raise self._misfit(
                f"only the classes 1 to {len(named):,}, which have names",
                f"class {min(unnamed) + 1:,}",
            )

    def _misfit(self, expected: str, received: str) -> ValueError:
        return ValueError(
            f"{self.folder}: expected annotations of {expected}. Received: {received}. They are "
            "damaged, or not the original: unpack the archive again."
        )


def numbered(names: Sequence[str]) -> tuple[np.ndarray, tuple[str, ...]]:
    """Return the place of every name among the sorted distinct ones, int32 [n], and those."""
    distinct, numbers = np.unique(names, return_inverse=True)
    return numbers.astype(np.int32), tuple(map(str, distinct))
