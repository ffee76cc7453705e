"""Turn photographs into vectors: a file for NumPy or Parquet, or TensorBoard's projector.

    python -m hsm.experiments.embed photos/ --vectors=photos.npz --projector=look/

A .npz file holds the arrays ids, vectors, labels, metadata and digest; a Parquet file the columns
id, vector, label and metadata. Ids are paths, labels the folders in photos/. What is written is
whole or not there at all, whenever the command is interrupted.
"""

from __future__ import annotations

import os
import unicodedata
from pathlib import Path
from typing import TYPE_CHECKING

from absl import flags

from hsm.experiments.cli import data_flags, serving_flags  # noqa: F401 - defines --on_bad_image
from hsm.experiments.cli.app import load_tensorflow, run
from hsm.experiments.cli.command import command
from hsm.progress import LINE, Progress

if TYPE_CHECKING:
    from hsm.serving import Items

FLAGS = flags.FLAGS

_IMAGES = "Photograph, or folder of them; may be given several times."

flags.DEFINE_multi_string("images", [], _IMAGES)
flags.DEFINE_string("vectors", None, "The .npz or .parquet file to write. Default: none.")
flags.DEFINE_string(
    "projector", None, "Folder to write TensorBoard's projector to, with pictures. Default: none."
)


@command(
    uses=["model", "on_bad_image"],
    defaults={"model": serving_flags.DEFAULT_MODEL},
    texts={
        # Without what absl adds to those that may be given several times.
        "images": _IMAGES,
        "model": serving_flags.MODEL_TEXT,
        "on_bad_image": "What to do about files that cannot be read: stop, or skip and name them.",
    },
    argument="images",
)
def main() -> None:
    """Run the command on the flags."""
    if not FLAGS.images:
        raise ValueError(
            "expected photographs. Received: none. Name them: python -m hsm.experiments.embed "
            "photos/ --vectors=photos.npz."
        )
    if not (FLAGS.vectors or FLAGS.projector):
        raise ValueError(
            "expected --vectors=FILE or --projector=FOLDER. Received: neither. Say what to write."
        )
    serving_flags.check_model()
    load_tensorflow()
    from hsm.serving.files import check_suffix, write_items

    target = Path(FLAGS.vectors).expanduser() if FLAGS.vectors else None
    if target is not None:
        check_suffix(target)
    items = _embedded()
    if target is not None:
        write_items(items, target)
        print(f"{len(items):,} vectors of {items.vectors.shape[1]} numbers: {target}")
    if FLAGS.projector:
        _project(items, Path(FLAGS.projector).expanduser())


def _embedded() -> Items:
    from hsm.serving.embeddings import listed
    from hsm.serving.inputs import items as single
    from hsm.serving.items import Items

    given = [Path(path) for path in FLAGS.images]
    labels = [label for path in given for label in _labels(path)]
    count = len(single(given))
    embedder = serving_flags.embedder()
    how = "skip" if FLAGS.on_bad_image == "skip" else "raise"
    progress = Progress("embedding", count).advance
    embeddings = embedder.embed_named(given, on_bad_image=how, progress=progress)
    LINE.clear()
    if embeddings.skipped:
        print(f"Skipped {len(embeddings.skipped):,}: {listed(embeddings.skipped)}")
    if not len(embeddings):
        raise ValueError(
            f"expected photographs that can be read. Received: {', '.join(map(str, given[:3]))}"
        )
    chosen = [labels[place] for place in embeddings.places]
    ids = [os.fsencode(name).decode("utf-8", "replace") for name in embeddings.names]
    return Items(ids, embeddings.vectors, chosen, [{}] * len(ids), embedder.digest)


def _labels(path: Path) -> list[str | None]:
    """Return the folder within a path that each of its pictures lies in."""
    from hsm.serving.inputs import pictures_below

    root = path.expanduser()
    if not root.is_dir():
        return [None]
    inner = [picture.relative_to(root).parts for picture in pictures_below(root)]
    return [unicodedata.normalize("NFC", p[0]) if len(p) > 1 else None for p in inner]


def _project(items: Items, folder: Path) -> None:
    """Write the projector, with pictures as large as its limit allows."""
    import math

    from hsm.experiments.reporting.search_results import pictures
    from hsm.visual.projector import MOST_PIXELS, write_projector

    side = min(64, MOST_PIXELS // math.ceil(math.sqrt(len(items))))
    names = [(label or "–", key) for label, key in zip(items.labels, items.ids, strict=True)]
    write_projector(folder, items.vectors, names, pictures(items.ids, side))
    print(f"Projector: tensorboard --logdir={folder}")


if __name__ == "__main__":
    run(main, module="hsm.experiments.embed", doc=__doc__ or "")
