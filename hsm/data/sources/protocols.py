"""Other ways to divide a data set: queries against a gallery, and a split within each class."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from hsm.data.catalog import CLASSIFICATION, QUERY_GALLERY
from hsm.data.sources.source import ImageSource, Split, joined


def divided(source: ImageSource, split: str) -> ImageSource:
    """Divide a zero-shot source as `split`, one of `hsm.data.catalog.SPLITS`, asks.

    Raises:
        ValueError: as `with_gallery` and `within_classes`.
    """
    if split == QUERY_GALLERY:
        return with_gallery(source)
    return within_classes(source) if split == CLASSIFICATION else source


def with_gallery(source: ImageSource) -> ImageSource:
    """Divides the test images into queries and a gallery of the same classes, as In-shop does.

    Of every test class the images are dealt in turn: the first is a query, the second goes into the
    gallery. A source that has a gallery already is returned as it is.

    Raises:
        ValueError: if fewer than two test classes have two images.
    """
    if source.gallery is not None:
        return source
    queries, gallery, left_out = _dealt(source.test, "test images")
    excluded = (*source.excluded_singletons, *left_out)
    return replace(source, test=queries, gallery=gallery, excluded_singletons=excluded)


def within_classes(source: ImageSource) -> ImageSource:
    """Divides all images of all classes into a training and a test half, for classification.

    Of every class the images are dealt in turn: the first trains, the second is tested. Afterwards
    training and test classes are the same, and equal labels are the same class.

    Raises:
        ValueError: if fewer than two classes have two images.
    """
    train, test, left_out = _dealt(_everything(source), "images")
    excluded = (*source.excluded_singletons, *left_out)
    return replace(source, train=train, test=test, gallery=None, excluded_singletons=excluded)


def _everything(source: ImageSource) -> Split:
    """All images; those of the test classes, the gallery's included, come last."""
    tested = [source.test] if source.gallery is None else [source.test, source.gallery]
    shift = source.train.num_classes
    parts = [source.train, *tested]
    images = parts[0].images
    for part in tested:
        images = joined(images, part.images)
    labels = [source.train.labels, *(part.labels + shift for part in tested)]
    names = (*source.train.class_names, *source.test.class_names)
    return Split(images, np.concatenate(labels), names)


def _dealt(split: Split, what: str) -> tuple[Split, Split, tuple[str, ...]]:
    """Two halves with the same classes, and the names of the classes with a single image."""
    counts = np.bincount(split.labels, minlength=split.num_classes)
    kept = np.flatnonzero(counts >= 2)
    if len(kept) < 2:
        raise ValueError(
            f"Two classes or more must have two or more {what} each, to divide them. Received: "
            f"{len(kept)} of {split.num_classes} classes. Use another data set, or a larger part "
            "of it"
        )
    chosen = [np.flatnonzero(split.labels == label) for label in kept]
    halves = [
        split.subset(np.sort(np.concatenate([own[start::2] for own in chosen]))) for start in (0, 1)
    ]
    single = tuple(split.class_names[label] for label in np.flatnonzero(counts < 2))
    return halves[0], halves[1], single
