"""Letters in sixteen typefaces, inside this package: a data set that needs no download.

`tools/make_letters.py` renders them, and says which letters are classes of their own.
"""

from __future__ import annotations

from importlib import resources

import numpy as np

from hsm.data.sources.source import ImageSource, Split, first_per_class

# Relative to hsm.data; the fonts' licences lie beside it.
_FILE = "letters/letters.npz"
# The pipeline resizes to 32 pixels before it crops 28: with this border it leaves letters as they
# are, and the central crop is the picture of the file.
_BORDER = 2


def load(*, limit: int | None = None) -> ImageSource:
    """Return 489 letters by code point, each in 16 typefaces, uint8 [n, 32, 32, 3].

    The first letter trains, the second one is tested, and so on in turn: 245 and 244 classes,
    called "A U+0041". The 28 pixels of a picture, white on black, have a black border of 2.

    Args:
        limit: about how many images of each part to keep, evenly over classes; None keeps all.
    """
    with resources.files("hsm.data").joinpath(_FILE).open("rb") as file, np.load(file) as archive:
        letters, pictures = archive["characters"], archive["pictures"]
    return ImageSource(
        name="letters",
        train=_split(letters[0::2], pictures[0::2], limit),
        test=_split(letters[1::2], pictures[1::2], limit),
        flip=False,
    )


def _split(letters: np.ndarray, pictures: np.ndarray, limit: int | None) -> Split:
    """Return one part: letters, str [c], and their pictures, uint8 [c, 16, 28, 28]."""
    labels = np.repeat(np.arange(len(letters), dtype=np.int32), pictures.shape[1])
    kept = first_per_class(labels, limit)
    labels = labels[kept]
    border = (_BORDER, _BORDER)
    grey = np.pad(pictures.reshape(-1, *pictures.shape[2:])[kept], ((0, 0), border, border))
    images = np.repeat(grey[..., np.newaxis], 3, axis=-1)
    names = tuple(f"{letter} U+{ord(letter):04X}" for letter in letters[: labels.max() + 1])
    return Split(images, labels, names)
