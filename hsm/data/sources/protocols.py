"""Other ways to divide a data set: into queries and a gallery, within each class, or not at all."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from hsm.data.catalog import ALL, CLASSIFICATION, QUERY_GALLERY
from hsm.data.sources.held_out import held_out
from hsm.data.sources.source import ImageSource, Split, concat


def divided(source: ImageSource, split: str, validation_classes: float = 0.0) -> ImageSource:
    """Divide a zero-shot source as `split`, one of `hsm.data.catalog.SPLITS`, asks.

    Args:
        source: what is divided.
        split: how.
        validation_classes: of the split "all", see `all_classes`.

    Raises:
        ValueError: as `with_gallery`, `within_classes` and `all_classes`.
    """
    if split == ALL:
        return all_classes(source, validation_classes)
    if split == QUERY_GALLERY:
        return with_gallery(source)
    return within_classes(source) if split == CLASSIFICATION else source


def with_gallery(source: ImageSource) -> ImageSource:
    """Divide the test images into queries and a gallery of the same classes, as In-shop does.

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
    """Divide all images of all classes into a training and a test half, for classification.

    Of every class the images are dealt in turn: the first trains, the second is tested. Afterwards
    training and test classes are the same, and equal labels are the same class.

    Raises:
        ValueError: if fewer than two classes have two images.
    """
    train, test, left_out = _dealt(_everything(source), "images")
    excluded = (*source.excluded_singletons, *left_out)
    return replace(source, train=train, test=test, gallery=None, excluded_singletons=excluded)


def all_classes(source: ImageSource, validation_classes: float = 0.0) -> ImageSource:
    """Train on all classes but those that are held out to be tested.

    Args:
        source: what is divided.
        validation_classes: how many classes, evenly spaced over the sorted ones, are held out;
            below 1 the share of all. With 0 the training images are tested, but those of classes
            of a single image.

    Raises:
        ValueError: if fewer than two classes are left on either side.
    """
    everything = _everything(source)
    counts = np.bincount(everything.labels)
    usable = sorted(np.flatnonzero(counts >= 2), key=lambda label: everything.class_names[label])
    chosen = held_out(usable, everything.num_classes, validation_classes)
    tested = np.isin(everything.labels, chosen if chosen else usable)
    return replace(
        source,
        train=everything.subset(np.flatnonzero(~tested)) if chosen else everything,
        test=everything.subset(np.flatnonzero(tested)),
        gallery=None,
        excluded_singletons=source.excluded_singletons
        if chosen
        else tuple(everything.class_names[label] for label in np.flatnonzero(counts == 1)),
        tests_training=not chosen,
    )


def _everything(source: ImageSource) -> Split:
    """Return all images; those of the test classes, the gallery's included, come last."""
    tested = [source.test] if source.gallery is None else [source.test, source.gallery]
    shift = source.train.num_classes
    parts = [source.train, *tested]
    images = parts[0].images
    for part in tested:
        images = concat(images, part.images)
    labels = [source.train.labels, *(part.labels + shift for part in tested)]
    names = (*source.train.class_names, *source.test.class_names)
    shared = set.intersection(*(set(part.extras) for part in parts))
    extras = {name: np.concatenate([part.extras[name] for part in parts]) for name in shared}
    return Split(images, np.concatenate(labels), names, extras)


def _dealt(split: Split, what: str) -> tuple[Split, Split, tuple[str, ...]]:
    """Return two halves with the same classes, and the names of the classes with a single image."""
    counts = np.bincount(split.labels, minlength=split.num_classes)
    kept = np.flatnonzero(counts >= 2)
    if len(kept) < 2:
        raise ValueError(
            f"expected two classes or more with two or more {what} each, to divide them. Received: "
            f"{len(kept)} of {split.num_classes} classes. Use another data set, or a larger part "
            "of it."
        )
    chosen = [np.flatnonzero(split.labels == label) for label in kept]
    halves = [
        split.subset(np.sort(np.concatenate([own[start::2] for own in chosen]))) for start in (0, 1)
    ]
    single = tuple(split.class_names[label] for label in np.flatnonzero(counts < 2))
    return halves[0], halves[1], single
