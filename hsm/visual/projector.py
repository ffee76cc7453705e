"""What TensorBoard's embedding projector shows: vectors, their names, and their pictures."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import tensorflow as tf

from hsm.atomic import replacing, write_text
from hsm.output_folder import make_output_folder

CONFIG = "projector_config.pbtxt"
# TensorBoard's limit for the side of a sprite, in pixels.
MOST_PIXELS = 8192

_CONFIG_TEXT = """embeddings {{
  tensor_name: "test images"
  tensor_path: "vectors.tsv"
  metadata_path: "metadata.tsv"
  sprite {{
    image_path: "sprite.png"
    single_image_dim: {side}
    single_image_dim: {side}
  }}
}}
"""


def write_projector(
    directory: Path,
    embeddings: np.ndarray,
    names: Sequence[tuple[str, str]],
    pictures: np.ndarray,
) -> None:
    """Write vectors.tsv, metadata.tsv, sprite.png, and at last the projector's configuration.

    Args:
        directory: a folder that TensorBoard shows as a run.
        embeddings: float [n, k].
        names: for each, its class and what its image is called.
        pictures: uint8 [n, s, s, 3].

    Raises:
        ValueError: if the pictures side by side are larger than the projector takes.
    """
    make_output_folder(directory)
    with replacing(directory / "vectors.tsv") as partial:
        np.savetxt(partial, embeddings, fmt="%.6g", delimiter="\t")
    rows = [("class", "image"), *names]
    text = "".join("\t".join(map(_field, row)) + "\n" for row in rows)
    write_text(directory / "metadata.tsv", text.encode("utf-8", "replace").decode())
    with replacing(directory / "sprite.png") as partial:
        partial.write_bytes(tf.io.encode_png(sprite(pictures)).numpy())
    write_text(directory / CONFIG, _CONFIG_TEXT.format(side=pictures.shape[1]))


def sprite(pictures: np.ndarray) -> np.ndarray:
    """Lay pictures uint8 [n, s, s, 3] in a square: uint8 [c·s, c·s, 3], c = ceil(sqrt(n)).

    Raises:
        ValueError: if its side is more than 8,192 pixels.
    """
    count, side = pictures.shape[:2]
    columns = math.ceil(math.sqrt(count))
    if columns * side > MOST_PIXELS:
        raise ValueError(
            f"expected a sprite of at most {MOST_PIXELS} pixels a side. Received: {count} pictures "
            f"of {side} pixels, which make {columns * side}. Pass fewer or smaller ones."
        )
    filled = np.zeros((columns**2, side, side, 3), np.uint8)
    filled[:count] = pictures
    grid = filled.reshape(columns, columns, side, side, 3)
    return grid.transpose(0, 2, 1, 3, 4).reshape(columns * side, columns * side, 3)


def _field(text: str) -> str:
    """Return `text` without what separates fields and rows."""
    return " ".join(text.split())
