"""Write a compact copy of a data set, from which training reads faster than from the original.

Every image is resized as training resizes it, to the 256 pixels that section 5.1 crops 224 from,
and encoded again. What was written stays when the work is interrupted: a note in the folder holds
the checksum of each finished file, and by it the file is known again.
"""

from __future__ import annotations

import functools
import itertools
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import tensorflow as tf

from hsm import atomic
from hsm.data import images
from hsm.data.catalog import MAX_PIXELS
from hsm.data.image_check import find_bad_images
from hsm.data.sources.annotations import Annotations
from hsm.data.sources.array_records import write_records
from hsm.data.sources.encoded import encoded_reader
from hsm.data.sources.prepared import MANIFEST, Manifest, Shard, read_manifest, sha256
from hsm.data.sources.source import EncodedImages, Files, take
from hsm.folder_lock import holding
from hsm.output_folder import MARKER, make_output_folder, mark

SIDE = 256

# The manifest of a copy that is being written: files that are not finished have no checksum.
_UNFINISHED = "unfinished.json"
# What may lie in the folder of a copy that was killed before it had this note.
_BEFORE_THE_NOTE = frozenset((MARKER, atomic.partial_path(Path(_UNFINISHED)).name))

ENCODERS: dict[str, Callable[[tf.Tensor], tf.Tensor]] = {
    # Colours at full resolution: at 256 pixels there is little of them to spare.
    "jpeg": lambda pixels: tf.io.encode_jpeg(
        pixels, format="rgb", quality=95, chroma_downsampling=False
    ),
    "png": lambda pixels: tf.io.encode_png(pixels),
}


def write_copy(  # noqa: PLR0913
    annotations: Annotations,
    folder: Path,
    *,
    name: str,
    encoding: str = "jpeg",
    shard_size: int = 1024,
    max_pixels: int = MAX_PIXELS,
    progress: Callable[[int, int], None] | None = None,
) -> Manifest:
    """Write the images of `annotations` into `folder`, where finished files are left as they are.

    A file gets its name once it is whole and on the disk, and the manifest is written last: without
    it the copy is not found. Finished files whose content has changed since are written again, also
    those of a whole copy.

    Args:
        annotations: what to copy.
        folder: an empty or new one, or that of the same work, interrupted.
        name: of the data set.
        encoding: "jpeg" of quality 95, or "png", which gives the very pixels of the original.
        shard_size: images in a file.
        max_pixels: an image with more counts as one that cannot be decoded.
        progress: called with (images done, images) after every file.

    Returns:
        The manifest.

    Raises:
        ValueError: for an unknown encoding, a folder with another copy, finished or not, or an
            image that cannot be decoded.
        BlockingIOError: while another process writes into the folder.
    """
    if encoding not in ENCODERS:
        raise ValueError(
            f"expected `encoding` to be one of {', '.join(ENCODERS)}. Received: {encoding}"
        )
    make_output_folder(folder)
    with holding(folder):
        copy = _claimed(folder, _plan(annotations, name, encoding, shard_size))
        ends = np.cumsum([shard.images for shard in copy.shards])
        for number, (shard, end) in enumerate(zip(copy.shards, ends, strict=True)):
            if not _is_finished(folder / shard.file, shard):
                part = take(annotations.images, np.arange(end - shard.images, end))
                written = _written(folder, shard, _encoded(part, encoding, max_pixels))
                copy = _with(copy, number, written)
                atomic.write_text(folder / _UNFINISHED, _text(copy))
            if progress:
                progress(int(end), len(annotations.classes))
        atomic.write_text(folder / MANIFEST, _text(copy))
        (folder / _UNFINISHED).unlink()
    return copy


def _with(copy: Manifest, number: int, shard: Shard) -> Manifest:
    """Return the manifest with another file in the place of one."""
    return replace(copy, shards=(*copy.shards[:number], shard, *copy.shards[number + 1 :]))


def _plan(annotations: Annotations, name: str, encoding: str, shard_size: int) -> Manifest:
    """Return the manifest as far as it is known before any file is written."""
    begins = range(0, len(annotations.classes), shard_size)
    shards = tuple(
        Shard(
            file=f"{name}-{number:05}-of-{len(begins):05}.array_record",
            images=min(shard_size, len(annotations.classes) - begin),
            size=0,
            sha256="",
        )
        for number, begin in enumerate(begins)
    )
    return Manifest(
        name=name,
        side=SIDE,
        encoding=encoding,
        class_names=tuple(annotations.class_names),
        classes=tuple(annotations.classes.tolist()),
        parts=tuple(annotations.parts.tolist()),
        annotations=dict(annotations.annotation_files),
        shards=shards,
    )


def _claimed(folder: Path, plan: Manifest) -> Manifest:
    """Note in `folder` what is being written; return it with the files that are known there."""
    begun = _begun(folder)
    if begun is None and any(path.name not in _BEFORE_THE_NOTE for path in folder.iterdir()):
        raise ValueError(
            f"{folder}: expected an empty folder, or the beginning of this copy. Received: a "
            "folder with other files. Name another folder."
        )
    if begun is not None and _blank(begun) != plan:
        raise ValueError(
            f"{folder}: expected an empty folder, or the beginning of this very copy. Received: "
            "another copy, or its beginning. Remove it, or name another folder."
        )
    mark(folder)
    copy = begun or plan
    atomic.write_text(folder / _UNFINISHED, _text(copy))
    return copy


def _begun(folder: Path) -> Manifest | None:
    """Return what is known of the copy in `folder`, finished or not."""
    for name in (_UNFINISHED, MANIFEST):
        if (folder / name).is_file():
            return read_manifest(folder / name)
    return None


def _blank(manifest: Manifest) -> Manifest:
    """Return the plan that a copy was written by."""
    blank = tuple(replace(shard, size=0, sha256="") for shard in manifest.shards)
    return replace(manifest, shards=blank)


def _text(manifest: Manifest) -> str:
    return json.dumps(manifest.to_json()) + "\n"


def _is_finished(path: Path, shard: Shard) -> bool:
    """Return whether a file is there with the very bytes that were written."""
    return bool(shard.sha256) and path.is_file() and sha256(path) == shard.sha256


def _written(folder: Path, shard: Shard, records: Iterator[bytes]) -> Shard:
    """Write a file, and return what is to be noted of it."""
    # A copy that is not what its manifest says must not be found.
    (folder / MANIFEST).unlink(missing_ok=True)
    with atomic.replacing(folder / shard.file) as partial:
        write_records(partial, records)
        return replace(shard, size=partial.stat().st_size, sha256=sha256(partial))


def _encoded(part: Files, encoding: str, max_pixels: int) -> Iterator[bytes]:
    """Yield the images of `part`, resized and encoded, in order."""
    read, convert = encoded_reader(part), _converter(encoding, max_pixels)

    def example(index: tf.Tensor) -> tf.Tensor:
        return convert(read(index))

    dataset = tf.data.Dataset.range(len(part)).map(example, tf.data.AUTOTUNE, deterministic=True)
    try:
        yield from dataset.as_numpy_iterator()
    except tf.errors.InvalidArgumentError as error:
        raise _undecodable(part, max_pixels, error) from error


# Traced once, not for every file.
@functools.cache
def _converter(encoding: str, max_pixels: int) -> Callable[[tf.Tensor], tf.Tensor]:
    @tf.function(input_signature=[tf.TensorSpec([], tf.string)])
    def convert(encoded: tf.Tensor) -> tf.Tensor:
        return ENCODERS[encoding](
            images.resize(images.decode(encoded, max_pixels=max_pixels), SIDE)
        )

    return convert


def _undecodable(part: Files, max_pixels: int, error: tf.errors.OpError) -> ValueError:
    """Return the error that names the images which cannot be decoded."""
    paths = [] if isinstance(part, EncodedImages) else part
    bad = [
        f"{path}: {reason}"
        for path, reason in find_bad_images(paths, max_pixels=max_pixels).items()
    ]
    shown = "; ".join(itertools.islice(bad, 5)) or error.message.splitlines()[-1]
    return ValueError(
        f"expected images that can be read. Received: {shown}. Unpack the archive again."
    )
