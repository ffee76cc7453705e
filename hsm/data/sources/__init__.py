"""One file a data set: from what lies on disk to labelled training and test images."""

from __future__ import annotations

from typing import Literal

from hsm.data.catalog import CLASSIFICATION, QUERY_GALLERY, SPLITS, ZERO_SHOT, facts
from hsm.data.sources import benchmark, digits, image_folder, mnist, omniglot, protocols
from hsm.data.sources.division import LAYOUTS, SPLIT, Division
from hsm.data.sources.source import ImageSource, Split

__all__ = ["ImageSource", "Split", "load_source"]


def load_source(
    name: str,
    *,
    data_dir: str | None = None,
    split: str = ZERO_SHOT,
    train_classes: str | None = None,
    folder_layout: Literal["classes", "split"] = "classes",
    on_bad_image: Literal["error", "skip"] = "error",
    singletons: Literal["error", "exclude"] = "error",
    limit: int | None = None,
) -> ImageSource:
    """Loads a data set by name, checked as far as can be before training.

    Args:
        name: one of the catalog.
        data_dir: where the data lies; `digits` needs none, and mnist and those of the paper may
            also lie where TensorFlow Datasets prepares data by default.
        split: "zero_shot" tests unseen classes, in the data set's own way. "query_gallery" does so
            with queries and a gallery: In-shop's own, of other sets those of
            `protocols.with_gallery`. "classification" tests new images of the training classes: the
            predefined split of cars196, cub200 and mnist, of other sets that of
            `protocols.within_classes`.
        train_classes: of image_folder, a text file with the training classes, one a line.
        folder_layout: of image_folder, "classes" if the folders of `data_dir` are the classes,
            "split" if they are train/, val/ and test/ with a folder a class in each: if these have
            the same classes, they are joined by class, but for "classification", else the classes
            of train/ train, and those of test/, or val/ without it, are tested.
        on_bad_image: what to do with a photograph that cannot be decoded.
        singletons: of image_folder, what to do with a test class of a single image.
        limit: about how many images of each part to keep, evenly over classes; None keeps all.

    Raises:
        FileNotFoundError: if there is no data at `data_dir`.
        ValueError: for an argument out of its range, and for data that cannot be trained on.
    """
    _check_choice("split", split, SPLITS)
    _check_choice("on_bad_image", on_bad_image, ("error", "skip"))
    _check_choice("singletons", singletons, ("error", "exclude"))
    _check_choice("folder_layout", folder_layout, LAYOUTS)
    known = facts(name)
    if split == CLASSIFICATION and "predefined" in known.expected:
        return benchmark.load(
            name, data_dir, split="predefined", on_bad_image=on_bad_image, limit=limit
        )
    if name == "mnist":
        predefined = split == CLASSIFICATION
        source = mnist.load(data_dir, predefined=predefined, limit=limit)
        return source if predefined else _divided(source, split)
    if name in benchmark.NAMES:
        source = benchmark.load(name, data_dir, on_bad_image=on_bad_image, limit=limit)
    elif name == "digits":
        source = digits.load(limit=limit)
    elif not data_dir:
        raise ValueError(
            f"Data set {name} needs --data_dir, a folder that holds {known.obtain}. "
            f"Received: data_dir={data_dir}"
        )
    elif name == "omniglot":
        source = omniglot.load(data_dir, limit=limit)
    else:
        predefined = split == CLASSIFICATION and folder_layout == SPLIT
        source = image_folder.load(
            data_dir,
            division=Division(folder_layout, train_classes, predefined),
            on_bad_image=on_bad_image,
            singletons=singletons,
            limit=limit,
        )
        if predefined:
            return source
    return _divided(source, split)


def _divided(source: ImageSource, split: str) -> ImageSource:
    if split == QUERY_GALLERY:
        return protocols.with_gallery(source)
    if split == CLASSIFICATION:
        return protocols.within_classes(source)
    return source


def _check_choice(argument: str, value: str, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise ValueError(
            f"Argument `{argument}` must be one of {', '.join(choices)}. "
            f"Received: {argument}={value}"
        )
