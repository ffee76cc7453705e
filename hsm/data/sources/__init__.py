"""One file a data set: from what lies on disk to labelled training and test images."""

from __future__ import annotations

import pkgutil
from typing import Literal

from hsm.data.catalog import ALL, MAX_PIXELS, SPLITS, ZERO_SHOT, LoadOptions, dataset_info
from hsm.data.sources import protocols
from hsm.data.sources.division import LAYOUTS
from hsm.data.sources.source import ImageSource, Split

__all__ = ["ImageSource", "Split", "load_source"]


def load_source(  # noqa: PLR0913
    name: str,
    *,
    data_dir: str | None = None,
    split: str = ZERO_SHOT,
    validation_classes: float = 0.0,
    train_classes: str | None = None,
    folder_layout: Literal["classes", "split"] = "classes",
    on_bad_image: Literal["error", "skip"] = "error",
    singletons: Literal["error", "exclude"] = "error",
    limit: int | None = None,
    max_pixels: int = MAX_PIXELS,
) -> ImageSource:
    """Load a data set by name, checked as far as can be before training.

    Args:
        name: one of the catalog.
        data_dir: where the data lies; `digits` and `letters` need none, and mnist and those of the
            paper may also lie where TensorFlow Datasets prepares data by default.
        split: "zero_shot" tests unseen classes, in the data set's own way. "query_gallery" does so
            with queries and a gallery: In-shop's own, of other sets those of
            `protocols.with_gallery`. "classification" tests new images of the training classes: the
            predefined split of cars196, cub200 and mnist, of other sets that of
            `protocols.within_classes`. "all" trains on all classes, as `protocols.all_classes`.
        validation_classes: of the split "all", how many classes, evenly spaced over the sorted
            ones, are held out and tested; below 1 the share of all. With 0 the training images are
            tested.
        train_classes: of image_folder, a text file with the training classes, one a line.
        folder_layout: of image_folder, "classes" if the folders of `data_dir` are the classes,
            "split" if they are train/, val/ and test/ with a folder a class in each: if these have
            the same classes, they are joined by class, but for "classification", else the classes
            of train/ train, and those of test/, or val/ without it, are tested.
        on_bad_image: what to do with a photograph that cannot be decoded.
        singletons: of image_folder, what to do with a test class of a single image.
        limit: about how many images of each part to keep, evenly over classes; None keeps all.
        max_pixels: an image file with more counts as one that cannot be decoded.

    Raises:
        FileNotFoundError: if there is no data at `data_dir`.
        ValueError: for an argument out of its range, and for data that cannot be trained on.
    """
    _check_choice("split", split, SPLITS)
    if validation_classes and split != ALL:
        raise ValueError(
            f"expected `validation_classes` with split={ALL} only. Received: "
            f"validation_classes={validation_classes:g} and split={split}"
        )
    _check_choice("on_bad_image", on_bad_image, ("error", "skip"))
    _check_choice("singletons", singletons, ("error", "exclude"))
    _check_choice("folder_layout", folder_layout, LAYOUTS)
    options = LoadOptions(
        data_dir=data_dir,
        split=split,
        validation_classes=validation_classes,
        train_classes=train_classes,
        folder_layout=folder_layout,
        on_bad_image=on_bad_image,
        singletons=singletons,
        limit=limit,
        max_pixels=max_pixels,
    )
    known = dataset_info(name)
    load = pkgutil.resolve_name(known.load) if isinstance(known.load, str) else known.load
    source: ImageSource = load(options)
    return source if known.divides else protocols.divided(source, split, validation_classes)


def _check_choice(argument: str, value: str, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise ValueError(
            f"expected `{argument}` to be one of {', '.join(choices)}. Received: {argument}={value}"
        )
