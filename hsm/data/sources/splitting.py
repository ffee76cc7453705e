"""Split the annotations of a data set into parts, and hold them to what is known of them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from hsm.data.catalog import Count, Expected
from hsm.data.sources.annotations import GALLERY, QUERY, TEST, TRAIN, UNKNOWN, Annotations

Parts = dict[str, np.ndarray]


def split_parts(annotations: Annotations, expected: Expected) -> Parts:
    """Return the indices of the images of each part: TRAIN, TEST and, where expected, GALLERY.

    Args:
        annotations: all images.
        expected: says which rule splits them.
    """
    if expected.by_class:
        trains = annotations.classes < expected.train.classes
        return {TRAIN: np.flatnonzero(trains), TEST: np.flatnonzero(~trains)}
    tested = TEST if expected.gallery is None else QUERY
    named = {TRAIN: TRAIN, TEST: tested, GALLERY: GALLERY}
    if expected.gallery is None:
        del named[GALLERY]
    return {role: np.flatnonzero(annotations.parts == part) for role, part in named.items()}


def check_split(
    name: str, split: str, expected: Mapping[str, Expected], annotations: Annotations
) -> None:
    """Raise ValueError if data set `name` has no such split, or this copy does not say it."""
    if split not in expected:
        raise ValueError(
            f"expected `split` of {name} to be one of {', '.join(expected)}. Received: "
            f"split={split}"
        )
    if not expected[split].by_class and UNKNOWN in annotations.parts:
        raise ValueError(
            f"{annotations.folder}: expected to know which images train in the split {split} of "
            f"{name}. Received: files that do not tell. For cub200 add train_test_split.txt, for "
            "cars196 take a copy with annotations, or for either one whose folders train/ and "
            "test/ hold all classes."
        )


def check_counts(name: str, expected: Mapping[str, Expected], annotations: Annotations) -> None:
    """Hold every split of which the annotations knows the parts to the counts that it must have.

    Raises:
        ValueError: naming the split, the part and the annotation file that it was read from.
    """
    # Those of the archive's own parts first: they tell which of two files is short.
    for split, counts in sorted(expected.items(), key=lambda item: item[1].by_class):
        if not counts.by_class and UNKNOWN in annotations.parts:
            continue
        parts = split_parts(annotations, counts)
        for role, indices in parts.items():
            required: Count = getattr(counts, role)
            received = Count(len(indices), len(np.unique(annotations.classes[indices])))
            if received != required:
                raise ValueError(
                    f"{annotations.folder}: expected {required} in the {role} part of {name} "
                    f"({split} split). Received: {received}, from "
                    f"{_sources(annotations, indices)}. It is short, or not the original: unpack "
                    "the archive again, or get it anew, as `python -m hsm.experiments.prepare` "
                    "says."
                )
        classes = {role: annotations.classes[indices] for role, indices in parts.items()}
        where = f"{name} in {annotations.folder}"
        _check_classes(where, classes, unseen=split == "zero_shot")


def _sources(annotations: Annotations, indices: np.ndarray) -> str:
    """Return the annotation files of some images; of all if there are none."""
    parts = np.unique(annotations.parts[indices]) if len(indices) else np.unique(annotations.parts)
    return " and ".join(
        dict.fromkeys(annotations.annotation_files.get(str(part), str(part)) for part in parts)
    )


def _check_classes(name: str, classes: Parts, *, unseen: bool) -> None:
    """Check that no class both trains and is tested, and that a gallery has all test classes."""
    shared = np.intersect1d(classes[TRAIN], classes[TEST])
    if unseen and len(shared):
        raise ValueError(
            f"expected test classes of {name} that do not train. Received: {len(shared):,} classes "
            "that do both. The annotation files are not the original: unpack the archive again."
        )
    if GALLERY in classes and set(classes[GALLERY]) != set(classes[TEST]):
        raise ValueError(
            f"expected a gallery of {name} with the classes of the queries. Received: other "
            "classes. The annotation files are not the original: unpack the archive again."
        )
