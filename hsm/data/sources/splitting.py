"""Split the listing of a data set into parts, and hold them to what is known of them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from hsm.data.catalog import Count, Expected
from hsm.data.sources.listing import GALLERY, QUERY, TEST, TRAIN, UNSAID, Listing

Parts = dict[str, np.ndarray]


def split_parts(listing: Listing, expected: Expected) -> Parts:
    """Return the indices of the images of each part: TRAIN, TEST and, where expected, GALLERY.

    Args:
        listing: all images.
        expected: says which rule splits them.
    """
    if expected.by_class:
        trains = listing.classes < expected.train.classes
        return {TRAIN: np.flatnonzero(trains), TEST: np.flatnonzero(~trains)}
    tested = TEST if expected.gallery is None else QUERY
    named = {TRAIN: TRAIN, TEST: tested, GALLERY: GALLERY}
    if expected.gallery is None:
        del named[GALLERY]
    return {role: np.flatnonzero(listing.parts == part) for role, part in named.items()}


def check_split(name: str, split: str, expected: Mapping[str, Expected], listing: Listing) -> None:
    """Raise ValueError if data set `name` has no such split, or this copy does not say it."""
    if split not in expected:
        raise ValueError(
            f"expected `split` of {name} to be one of {', '.join(expected)}. Received: "
            f"split={split}"
        )
    if not expected[split].by_class and UNSAID in listing.parts:
        raise ValueError(
            f"{listing.folder}: expected to know which images train in the split {split} of "
            f"{name}. Received: files that do not tell. For cub200 add train_test_split.txt, for "
            "cars196 take a copy with annotations, or for either one whose folders train/ and "
            "test/ hold all classes."
        )


def check_counts(name: str, expected: Mapping[str, Expected], listing: Listing) -> None:
    """Hold every split of which the listing knows the parts to the counts that it must have.

    Raises:
        ValueError: naming the split, the part and the annotation file that it was read from.
    """
    # Those of the archive's own parts first: they tell which of two files is short.
    for split, counts in sorted(expected.items(), key=lambda item: item[1].by_class):
        if not counts.by_class and UNSAID in listing.parts:
            continue
        parts = split_parts(listing, counts)
        for role, indices in parts.items():
            required: Count = getattr(counts, role)
            received = Count(len(indices), len(np.unique(listing.classes[indices])))
            if received != required:
                raise ValueError(
                    f"{listing.folder}: expected {required} in the {role} part of {name} ({split} "
                    f"split). Received: {received}, from {_sources(listing, indices)}. It is "
                    "short, or not the original: unpack the archive again, or get it anew, as "
                    "`python -m hsm.experiments.prepare` says."
                )
        classes = {role: listing.classes[indices] for role, indices in parts.items()}
        where = f"{name} in {listing.folder}"
        _check_classes(where, classes, unseen=split == "zero_shot")


def _sources(listing: Listing, indices: np.ndarray) -> str:
    """Return the annotation files of some images; of all if there are none."""
    parts = np.unique(listing.parts[indices]) if len(indices) else np.unique(listing.parts)
    return " and ".join(
        dict.fromkeys(listing.annotations.get(str(part), str(part)) for part in parts)
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
