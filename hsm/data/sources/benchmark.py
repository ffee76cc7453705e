"""The paper's four data sets: found in any of their forms, split, and every count checked."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import numpy as np

from hsm.data.catalog import Expected, facts
from hsm.data.image_check import find_bad_images
from hsm.data.sources import cars196, cub200, inshop, prepared, products, tfds_files
from hsm.data.sources.listing import GALLERY, TEST, TRAIN, Listing
from hsm.data.sources.source import EncodedImages, ImageSource, Split, limited, taken
from hsm.data.sources.splitting import Parts, check_counts, check_split, split_parts

_SETS = {"cars196": cars196, "cub200": cub200, "products": products, "inshop": inshop}
NAMES = tuple(_SETS)
_MAX_NAMED_FILES = 10


def load(
    name: str,
    data_dir: str | None,
    *,
    split: Literal["zero_shot", "predefined"] = "zero_shot",
    on_bad_image: Literal["error", "skip"] = "error",
    limit: int | None = None,
    expected: Mapping[str, Expected] | None = None,
) -> ImageSource:
    """Returns one of the paper's data sets, once its counts are known to be right.

    Args:
        name: one of `NAMES`.
        data_dir: where to look, see `find`.
        split: "zero_shot" tests unseen classes, "predefined" new images of the training classes.
        on_bad_image: "error" refuses image files that cannot be decoded, "skip" leaves them out.
            Those in record files were decoded when these were written.
        limit: about how many images of each part to keep, evenly over classes; None keeps all.
        expected: by split, what the parts must hold; None takes it from the catalog.

    Raises:
        FileNotFoundError: if the data set is not there, or some of its files are not.
        ValueError: for a split that the data set does not have, and for wrong counts.
    """
    known = expected or facts(name).expected
    listing = find(name, data_dir)
    check_split(name, split, known, listing)
    check_counts(name, known, listing)
    parts = _limited(listing, split_parts(listing, known[split]), limit)
    bad = _bad_files(listing, parts, on_bad_image)
    parts = {role: indices[~np.isin(indices, list(bad))] for role, indices in parts.items()}
    return ImageSource(
        name=name,
        train=_split(listing, parts[TRAIN]),
        test=_split(listing, parts[TEST]),
        gallery=_gallery(listing, parts) if GALLERY in parts else None,
        skipped=tuple(bad.values()),
    )


def find(name: str, data_dir: str | None) -> Listing:
    """Returns all images of data set `name`.

    Args:
        name: one of `NAMES`.
        data_dir: the data set's folder, or a folder that holds it: a prepared copy is preferred to
            an unpacked archive, and that to what TensorFlow Datasets has prepared. None looks where
            TensorFlow Datasets prepares data by default.

    Raises:
        FileNotFoundError: if it is not there, or only some of its files are.
        ValueError: for files that are broken.
    """
    root = Path(data_dir).expanduser() if data_dir else tfds_files.default_root()
    data_set = _SETS[name]
    listing = None
    if root.is_dir():
        listing = (
            prepared.read(root, name)
            or (data_set.read(root) if data_dir else None)
            or tfds_files.read(root, data_set.PREPARED_BY_TFDS)
        )
    if listing is None:
        raise FileNotFoundError(
            f"Argument `data_dir` must be the folder of data set {name}, or hold it: "
            f"{facts(name).obtain}; or what TensorFlow Datasets prepared as "
            f"{data_set.PREPARED_BY_TFDS.name}. Received: data_dir={data_dir}, and {root} "
            f"{'has nothing of this' if root.is_dir() else 'is not a folder'}. "
            f"`python tools/prepare_dataset.py {name}` says where to get it"
        )
    return listing


def _limited(listing: Listing, parts: Parts, limit: int | None) -> Parts:
    """Keeps about `limit` images of each part; of a gallery those of the kept queries' classes."""
    kept = {}
    for role in (TRAIN, TEST):
        _, labels = np.unique(listing.classes[parts[role]], return_inverse=True)
        kept[role] = parts[role][limited(labels, limit)]
    if GALLERY in parts:
        asked = np.isin(listing.classes[parts[GALLERY]], listing.classes[kept[TEST]])
        kept[GALLERY] = parts[GALLERY][asked]
    return kept


def _bad_files(listing: Listing, parts: Parts, on_bad_image: str) -> dict[int, str]:
    """Returns the files that cannot be decoded: their names in the folder, by index."""
    if isinstance(listing.images, EncodedImages):
        return {}
    indices = np.unique(np.concatenate(list(parts.values())))
    index_of = {listing.images[index]: int(index) for index in indices}
    reasons = find_bad_images(list(index_of))
    bad = {index_of[path]: Path(path).relative_to(listing.folder).as_posix() for path in reasons}
    if bad and on_bad_image == "error":
        named = [
            f"{name}: {reason}" for name, reason in zip(bad.values(), reasons.values(), strict=True)
        ]
        rest = [f"and {len(bad) - _MAX_NAMED_FILES} more"] if len(bad) > _MAX_NAMED_FILES else []
        raise ValueError(
            f"{len(bad)} of {len(indices):,} images in {listing.folder} cannot be used. Unpack the "
            "archive again, or leave them out with --on_bad_image=skip. They are:\n  "
            + "\n  ".join(named[:_MAX_NAMED_FILES] + rest)
        )
    return bad


def _split(listing: Listing, indices: np.ndarray) -> Split:
    classes, labels = np.unique(listing.classes[indices], return_inverse=True)
    names = tuple(listing.class_names[number] for number in classes)
    return Split(taken(listing.images, indices), labels.astype(np.int32), names)


def _gallery(listing: Listing, parts: Parts) -> Split:
    """Returns the gallery, whose labels are those of the queries."""
    queries, gallery = _split(listing, parts[TEST]), _split(listing, parts[GALLERY])
    if queries.class_names != gallery.class_names:
        raise ValueError(
            "After images that cannot be read were left out, queries and gallery must still have "
            "the same classes. Received: others. Unpack the archive again"
        )
    return gallery
