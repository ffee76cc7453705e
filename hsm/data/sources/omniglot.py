"""Omniglot's hand-drawn characters, read from the authors' zip files as they are."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

import numpy as np
import tensorflow as tf

from hsm.archives import read_members
from hsm.data import images
from hsm.data.catalog import dataset_info
from hsm.data.sources.folders import candidate_roots
from hsm.data.sources.source import ImageSource, Split, first_per_class

# Training set, then test set: the two small sets of five alphabets, or the whole of Omniglot.
ZIP_PAIRS = (
    ("images_background_small1.zip", "images_background_small2.zip"),
    ("images_background.zip", "images_evaluation.zip"),
)

# By character, the names and contents of its drawings.
_Drawings = dict[str, list[tuple[str, bytes]]]

_SIDE = 105
# Where a PNG states its width and its height.
_SIZE = slice(16, 24)


def load(data_dir: str, *, limit: int | None = None) -> ImageSource:
    """Return the drawings of one zip for training and those of its partner for testing.

    A class is a character, named `alphabet/character`. The two small sets share the Greek and the
    Latin alphabet, drawing by drawing: test classes that the training set holds too are left out
    and listed in `excluded_seen`, so that every test class is unseen.

    Args:
        data_dir: folder that holds one of `ZIP_PAIRS`, itself or in a folder, see
            `folders.candidate_roots`.
        limit: about how many images of each part to keep, evenly over classes; None keeps all.

    Raises:
        FileNotFoundError: if neither pair is there.
        ValueError: for a zip that is broken or holds no drawings.
    """
    train_zip, test_zip = _find_zips(Path(data_dir).expanduser())
    train, test = _read_zip(train_zip), _read_zip(test_zip)
    seen = tuple(name for name in test if name in train)
    unseen = {name: drawings for name, drawings in test.items() if name not in train}
    if len(unseen) < 2:
        raise ValueError(
            f"{test_zip}: expected at least two characters that {train_zip} does not hold. "
            f"Received: {len(unseen)}"
        )
    return ImageSource(
        name="omniglot",
        train=_split(train, limit),
        test=_split(unseen, limit),
        flip=False,
        excluded_seen=seen,
    )


def _find_zips(folder: Path) -> tuple[Path, Path]:
    for home in candidate_roots(folder, "omniglot") if folder.is_dir() else []:
        for train, test in ZIP_PAIRS:
            if (home / train).is_file() and (home / test).is_file():
                return home / train, home / test
    raise FileNotFoundError(
        f"expected `data_dir` to be a folder that holds {dataset_info('omniglot').obtain}. "
        f"Received: data_dir={folder}, which does not"
    )


def _read_zip(path: Path) -> _Drawings:
    """Return names and encoded PNGs by class, all in sorted order."""
    try:
        members = read_members(path, _is_drawing)
    except ValueError as error:
        raise ValueError(
            f"{path}: expected a whole zip file. Received: a file that cannot be read ({error}). "
            "Download it again."
        ) from error
    drawings: _Drawings = {}
    for name, content in members:
        if content[_SIZE] != _SIDE.to_bytes(4, "big") * 2:
            raise ValueError(
                f"{path}: expected PNGs of {_SIDE}x{_SIDE} pixels. Received: {name[:200]!r}, which "
                "is none. Download it again."
            )
        character = "/".join(PurePosixPath(name).parts[-3:-1])
        drawings.setdefault(character, []).append((f"{path}: {name}", content))
    if len(drawings) < 2:
        raise ValueError(
            f"{path}: expected drawings as <set>/<alphabet>/<character>/<drawing>.png of at least "
            f"two characters. Received: {len(drawings)} characters"
        )
    return drawings


def _is_drawing(name: str) -> bool:
    parts = PurePosixPath(name).parts
    hidden = any(part.startswith(".") or part == "__MACOSX" for part in parts)
    return len(parts) >= 3 and not hidden and name.lower().endswith(".png")


def _split(drawings: _Drawings, limit: int | None) -> Split:
    names = tuple(drawings)
    labels = np.repeat(np.arange(len(names)), [len(drawings[name]) for name in names])
    encoded = [drawing for name in names for drawing in drawings[name]]
    kept = first_per_class(labels, limit)
    pixels = np.stack([_decoded(*encoded[index]) for index in kept])
    labels = labels[kept].astype(np.int32)
    return Split(pixels, labels, names[: labels.max() + 1])


def _decoded(name: str, content: bytes) -> np.ndarray:
    try:
        pixels: np.ndarray = tf.io.decode_png(content, images.CHANNELS).numpy()
    except tf.errors.OpError as error:
        raise ValueError(
            f"{name}: expected a PNG. Received: a file that cannot be decoded ({error.message}). "
            "Download it again."
        ) from error
    return pixels
