"""A data set of one's own: `--import=my_data --dataset=stripes`."""

import numpy as np

from hsm.data.catalog import DatasetInfo, register_dataset
from hsm.data.sources import ImageSource, Split

CLASSES, EACH, SIDE = 8, 12, 28


def load(options):
    """Stripes of eight widths in two directions; the first half of the classes trains."""
    each = EACH if options.limit is None else max(4, min(EACH, options.limit // CLASSES))
    return ImageSource(
        name="stripes",
        train=_split(range(CLASSES // 2), each),
        test=_split(range(CLASSES // 2, CLASSES), each),
        flip=True,
    )


def _split(classes, each):
    rng = np.random.default_rng(0)
    pixels = [_stripes(width + 1, rng) for width in classes for _ in range(each)]
    labels = np.repeat(np.arange(len(classes), dtype=np.int32), each)
    return Split(np.stack(pixels), labels, tuple(f"stripes {width + 1}" for width in classes))


def _stripes(width, rng):
    place = np.arange(SIDE) + rng.integers(SIDE)
    lines = np.broadcast_to(255 * (place // width % 2), (SIDE, SIDE))
    image = (lines if rng.integers(2) else lines.T) * rng.uniform(0.5, 1.0)
    return np.repeat(image.astype(np.uint8)[..., None], 3, axis=-1)


register_dataset(
    "stripes",
    DatasetInfo(
        summary="stripes of eight widths; four train, four are tested",
        obtain="nothing: they are drawn",
        licence="none needed",
        load=load,
        recipe="digits",
    ),
)
