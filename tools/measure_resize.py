"""Measures how far `hsm.data.images.resize` is from Pillow's Lanczos filter on real photographs.

Pillow rounds and clips to whole levels between rows and columns, TensorFlow once at the end: they
differ where the filter overshoots, at edges of what is black or white.

    python tools/measure_resize.py FOLDER [--every=10]
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import tensorflow as tf
from PIL import Image

from hsm.data import images

_SIDE = 256


class Difference(NamedTuple):
    """Of all photographs: how many, the largest difference, and the share above one level."""

    photographs: int
    levels: int
    share: float


def measure(paths: Iterable[Path]) -> Difference:
    """Compare the photographs that are not resized already."""
    largest, shares = [], []
    for path in paths:
        with Image.open(path) as opened:
            picture = opened.convert("RGB")
        if picture.size == (_SIDE, _SIDE):
            continue
        theirs = np.asarray(picture.resize((_SIDE, _SIDE), Image.Resampling.LANCZOS)).astype(int)
        ours = images.resize(tf.constant(np.asarray(picture)), _SIDE).numpy()
        levels = np.abs(ours - theirs)
        largest.append(int(levels.max()))
        shares.append(float((levels > 1).mean()))
    if not largest:
        raise ValueError("expected photographs of another size than 256 x 256. Received: none")
    return Difference(len(largest), max(largest), sum(shares) / len(shares))


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the difference."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--every", type=int, default=1, help="take every n-th photograph")
    options = parser.parse_args(arguments)
    measured = measure(sorted(options.folder.rglob("*.jpg"))[:: options.every])
    print(
        f"{measured.photographs} photographs: at most {measured.levels} levels; "
        f"{measured.share:.3%} of the values differ by more than one"
    )


if __name__ == "__main__":
    main()
