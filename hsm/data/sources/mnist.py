"""MNIST's handwritten digits, from mnist.npz or from what other libraries have on disk."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import tensorflow as tf

from hsm.archives import read_arrays
from hsm.data.catalog import dataset_info
from hsm.data.sources import tfds_files
from hsm.data.sources.annotations import TEST, TRAIN
from hsm.data.sources.folders import locate
from hsm.data.sources.source import ImageSource, Split, first_per_class

FILE = "mnist.npz"
PREPARED_BY_TFDS = tfds_files.TfdsSet("mnist", "label", (TRAIN, TEST))
# The pipeline resizes to 32 pixels before it crops 28: with this border it leaves digits as they
# are, and the central crop is the original image.
_BORDER = 2
_SIDE = 28
_CLASSES = 10
_TRAIN_DIGITS, _TEST_DIGITS = range(5), range(5, _CLASSES)

# Grey pixels uint8 [n, 28, 28] and labels int [n].
_Part = tuple[np.ndarray, np.ndarray]


def load(
    data_dir: str | None, *, predefined: bool = False, limit: int | None = None
) -> ImageSource:
    """Return the digits, uint8 [n, 32, 32, 3]: the 28 pixels of MNIST and a black border of 2.

    Args:
        data_dir: mnist.npz, or a folder with it, itself or in a folder called mnist, or what
            TensorFlow Datasets prepared. None looks where TensorFlow Datasets and Keras keep it.
        predefined: all ten digits of the training part train, those of the test part are tested;
            else the digits 0 to 4 of the former train, and 5 to 9 of the latter are tested.
        limit: about how many images of each part to keep, evenly over classes; None keeps all.

    Raises:
        FileNotFoundError: if it is not there; nothing is downloaded.
        ValueError: for a file that is broken or something else.
    """
    train, test = _read(Path(data_dir).expanduser() if data_dir else None)
    every = range(_CLASSES)
    return ImageSource(
        name="mnist",
        train=_split(train, every if predefined else _TRAIN_DIGITS, limit),
        test=_split(test, every if predefined else _TEST_DIGITS, limit),
        flip=False,
    )


def _read(folder: Path | None) -> tuple[_Part, _Part]:
    """Return the training and the test part, from the first place that has them."""
    if folder is not None and folder.is_file():
        return _from_archive(folder)
    root = folder or tfds_files.default_root()
    if folder is not None and folder.is_dir() and (file := locate(folder, "mnist", FILE)):
        return _from_archive(file)
    if root.is_dir() and (prepared := _from_tfds(root)):
        return prepared
    if folder is None and _keras_file().is_file():
        return _from_archive(_keras_file())
    places = str(folder) if folder else f"{root / 'mnist'} and {_keras_file()}"
    raise FileNotFoundError(
        f"expected `data_dir`, a folder that holds {dataset_info('mnist').obtain}, for the data "
        f"set mnist. Received: data_dir={folder}; it is not in {places}"
    )


def _keras_file() -> Path:
    """Return where `keras.datasets.mnist.load_data()` keeps its file."""
    home = Path(os.environ.get("KERAS_HOME") or "~/.keras").expanduser()
    return home / "datasets" / FILE


def _from_archive(path: Path) -> tuple[_Part, _Part]:
    names = ("x_train", "y_train", "x_test", "y_test")
    try:
        arrays = read_arrays(path, compressed=True)
        x_train, y_train, x_test, y_test = (arrays[name] for name in names)
    except (KeyError, ValueError) as error:
        raise ValueError(
            f"{path}: expected the arrays {', '.join(names)}, as Keras' mnist.npz has. Received: a "
            f"file that cannot be read: {error}. Get it again."
        ) from error
    for x, y in ((x_train, y_train), (x_test, y_test)):
        _check(path, x, y)
    return (x_train, y_train), (x_test, y_test)


def _check(path: Path, pixels: np.ndarray, labels: np.ndarray) -> None:
    fits = pixels.dtype == np.uint8 and pixels.shape[1:] == (_SIDE, _SIDE)
    fits = fits and labels.dtype.kind in "iu" and labels.shape == pixels.shape[:1]
    if not fits or set(np.unique(labels)) != set(range(_CLASSES)):
        raise ValueError(
            f"{path}: expected uint8 images of {_SIDE}x{_SIDE} pixels and as many labels, all of "
            f"the digits 0 to 9 among them. Received: {pixels.dtype} images of shape "
            f"{pixels.shape} and {labels.dtype} labels of shape {labels.shape}. Get it again."
        )


def _from_tfds(root: Path) -> tuple[_Part, _Part] | None:
    annotations = tfds_files.read(root, PREPARED_BY_TFDS)
    if annotations is None:
        return None
    encoded = (annotations.images[index] for index in range(len(annotations.classes)))
    pixels = np.stack([tf.io.decode_png(image, 1).numpy()[..., 0] for image in encoded])
    of_train, of_test = (annotations.parts == part for part in (TRAIN, TEST))
    train = pixels[of_train], annotations.classes[of_train]
    return train, (pixels[of_test], annotations.classes[of_test])


def _split(part: _Part, digits: range, limit: int | None) -> Split:
    pixels, target = part
    chosen = np.flatnonzero(np.isin(target, digits))
    labels = target[chosen].astype(np.int32) - digits.start
    kept = first_per_class(labels, limit)
    labels = labels[kept]
    border = (_BORDER, _BORDER)
    grey = np.pad(pixels[chosen[kept]], ((0, 0), border, border))
    images = np.repeat(grey[..., np.newaxis], 3, axis=-1)
    return Split(images, labels, tuple(str(digit) for digit in digits[: labels.max() + 1]))
