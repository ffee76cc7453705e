"""The paper's four data sets: found in any of their forms, split, and every count checked."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import numpy as np

from hsm.data.catalog import MAX_PIXELS, Expected, dataset_info
from hsm.data.sources import cars196, cub200, inshop, prepared, products, tfds_files
from hsm.data.sources.annotations import GALLERY, TEST, TRAIN, Annotations
from hsm.data.sources.bad_files import bad_files, shortened
from hsm.data.sources.folders import locate
from hsm.data.sources.source import EncodedImages, ImageSource, Split, first_per_class, take
from hsm.data.sources.splitting import Parts, check_counts, check_split, split_parts

_SETS = {"cars196": cars196, "cub200": cub200, "products": products, "inshop": inshop}
NAMES = tuple(_SETS)


def load(  # noqa: PLR0913
    name: str,
    data_dir: str | None,
    *,
    split: Literal["zero_shot", "predefined"] = "zero_shot",
    on_bad_image: Literal["error", "skip"] = "error",
    limit: int | None = None,
    max_pixels: int = MAX_PIXELS,
    expected: Mapping[str, Expected] | None = None,
) -> ImageSource:
    """Return one of the paper's data sets, once its counts are known to be right.

    Args:
        name: one of `NAMES`.
        data_dir: where to look, see `find`.
        split: "zero_shot" tests unseen classes, "predefined" new images of the training classes.
        on_bad_image: "error" refuses image files that cannot be decoded, "skip" leaves them out.
            Those in record files were decoded when these were written.
        limit: about how many images of each part to keep, evenly over classes; None keeps all.
        max_pixels: an image file with more counts as one that cannot be decoded.
        expected: by split, what the parts must hold; None takes it from the catalog.

    Raises:
        FileNotFoundError: if the data set is not there, or some of its files are not.
        ValueError: for a split that the data set does not have, and for wrong counts.
    """
    known = expected or dataset_info(name).expected
    annotations = find(name, data_dir)
    check_split(name, split, known, annotations)
    check_counts(name, known, annotations)
    # Which part has the classes of which: their labels must agree.
    same = {TEST: TRAIN} if split == "predefined" else {GALLERY: TEST}
    parts = _first_per_class(annotations, split_parts(annotations, known[split]), same, limit)
    bad = _bad_files(annotations, parts, on_bad_image, max_pixels)
    parts = {role: indices[~np.isin(indices, list(bad))] for role, indices in parts.items()}
    splits = {role: _split(annotations, indices) for role, indices in parts.items()}
    _check_same_classes(splits, same)
    return ImageSource(
        name=name,
        train=splits[TRAIN],
        test=splits[TEST],
        gallery=splits.get(GALLERY),
        skipped=tuple(bad.values()),
        left_out=annotations.left_out,
        note=annotations.note,
    )


def find(name: str, data_dir: str | None) -> Annotations:
    """Return all images of data set `name`.

    Args:
        name: one of `NAMES`.
        data_dir: the data set's folder, or the root of several, see `folders.candidate_roots`: a
            prepared copy is preferred to an unpacked archive, and that to what TensorFlow Datasets
            has prepared. None looks where TensorFlow Datasets prepares data by default.

    Raises:
        FileNotFoundError: if it is not there, or only some of its files are.
        ValueError: for files that are broken.
    """
    root = Path(data_dir).expanduser() if data_dir else tfds_files.default_root()
    data_set = _SETS[name]
    annotations = None
    if root.is_dir():
        annotations = (
            prepared.read(root, name)
            or (data_set.read(root) if data_dir else None)
            or tfds_files.read(root, data_set.PREPARED_BY_TFDS)
        )
    if annotations is None:
        raise FileNotFoundError(
            f"expected `data_dir` to be the folder of data set {name}, or to hold it: "
            f"{dataset_info(name).obtain}; or what TensorFlow Datasets prepared as "
            f"{data_set.PREPARED_BY_TFDS.name}. Received: data_dir={data_dir}, and {root} "
            f"{_found_instead(name, root)}. `python -m hsm.experiments.prepare` says where to get "
            "it."
        )
    return annotations


def _found_instead(name: str, root: Path) -> str:
    if not root.is_dir():
        return "is not a folder"
    packed = [file.file for file in dataset_info(name).archives if locate(root, name, file.file)]
    if packed:
        return f"has only {', '.join(packed)}: unpack it"
    visible = sorted(path for path in root.iterdir() if not path.name.startswith("."))
    names = [f"{path.name}/" if path.is_dir() else path.name for path in visible]
    return f"has nothing of this: it holds {shortened(names) or 'nothing'}"


def _first_per_class(
    annotations: Annotations, parts: Parts, same: dict[str, str], limit: int | None
) -> Parts:
    """Keep about `limit` images of each part, of parts with the same classes those of one.

    The part that names the classes is the larger one, so that none of them is lost in the other.
    """
    if limit is None:
        return parts
    kept: Parts = {}
    for role, indices in parts.items():
        if role in same:
            chosen = np.unique(annotations.classes[kept[same[role]]])
            indices = indices[np.isin(annotations.classes[indices], chosen)]
        _, labels = np.unique(annotations.classes[indices], return_inverse=True)
        kept[role] = indices[first_per_class(labels, limit)]
    return kept


def _bad_files(
    annotations: Annotations, parts: Parts, on_bad_image: str, max_pixels: int
) -> dict[int, str]:
    """Return the files that cannot be decoded: their names in the folder, by index."""
    if isinstance(annotations.images, EncodedImages):
        return {}
    indices = np.unique(np.concatenate(list(parts.values())))
    index_of = {annotations.images[index]: int(index) for index in indices}
    bad = bad_files(
        annotations.folder,
        list(index_of),
        on_bad_image=on_bad_image,
        remedy="Unpack the archive again",
        max_pixels=max_pixels,
    )
    return {index_of[path]: name for path, name in bad.items()}


def _split(annotations: Annotations, indices: np.ndarray) -> Split:
    images = take(annotations.images, indices)
    extras = {name: values[indices] for name, values in annotations.extras.items()}
    return Split.of_occurring(images, annotations.classes[indices], annotations.class_names, extras)


def _check_same_classes(splits: dict[str, Split], same: dict[str, str]) -> None:
    for role, other in same.items():
        if role in splits and splits[role].class_names != splits[other].class_names:
            raise ValueError(
                f"expected the {role} and the {other} part to have the same classes, also without "
                "the images that cannot be read. Received: others. Unpack the archive again."
            )
