"""Write a compact copy of a data set, from which training reads faster than from the original.

Every image is resized as training resizes it, to the 256 pixels that section 5.1 crops 224 from,
and encoded again. What was written stays when the work is interrupted.
"""

from __future__ import annotations

import functools
import itertools
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import tensorflow as tf
from array_record.python.array_record_module import ArrayRecordReader, ArrayRecordWriter

from hsm.data import images
from hsm.data.image_check import find_bad_images
from hsm.data.sources.encoded import encoded_reader
from hsm.data.sources.listing import Listing
from hsm.data.sources.prepared import MANIFEST, Manifest, Shard, read_manifest, sha256
from hsm.data.sources.source import EncodedImages, Files, taken
from hsm.output_folder import MARKER, make_output_folder, mark

SIDE = 256

# Images are their own compression; one record a group, since they are read in random order.
_WRITER_OPTIONS = "group_size:1,uncompressed"
_UNFINISHED = "unfinished.json"

ENCODERS: dict[str, Callable[[tf.Tensor], tf.Tensor]] = {
    # Colours at full resolution: at 256 pixels there is little of them to spare.
    "jpeg": lambda pixels: tf.io.encode_jpeg(
        pixels, format="rgb", quality=95, chroma_downsampling=False
    ),
    "png": lambda pixels: tf.io.encode_png(pixels),
}


def write_copy(
    listing: Listing,
    folder: Path,
    *,
    name: str,
    encoding: str = "jpeg",
    shard_size: int = 1024,
    progress: Callable[[int, int], None] | None = None,
) -> Manifest:
    """Writes the images of `listing` into `folder`, where finished files are left as they are.

    A file gets its name once it is whole, and the manifest is written last: without it the copy is
    not found.

    Args:
        listing: what to copy.
        folder: an empty or new one, or that of the same work, interrupted.
        name: of the data set.
        encoding: "jpeg" of quality 95, or "png", which gives the very pixels of the original.
        shard_size: images in a file.
        progress: called with (images done, images) after every file.

    Returns:
        The manifest.

    Raises:
        ValueError: for an unknown encoding, a folder with another copy, finished or not, or an
            image that cannot be decoded.
    """
    if encoding not in ENCODERS:
        raise ValueError(
            f"Argument `encoding` must be one of {', '.join(ENCODERS)}. Received: {encoding}"
        )
    plan = _plan(listing, name, encoding, shard_size)
    _claim(folder, plan)
    ends = np.cumsum([shard.images for shard in plan.shards])
    for shard, end in zip(plan.shards, ends, strict=True):
        if _number_of_records(folder / shard.file) != shard.images:
            part = taken(listing.images, np.arange(end - shard.images, end))
            _write_shard(folder / shard.file, _encoded(part, encoding))
        if progress:
            progress(int(end), len(listing.classes))
    manifest = replace(plan, shards=[_finished(folder, shard) for shard in plan.shards])
    _write_json(folder / MANIFEST, manifest)
    (folder / _UNFINISHED).unlink()
    return manifest


def _plan(listing: Listing, name: str, encoding: str, shard_size: int) -> Manifest:
    """Returns the manifest as far as it is known before any file is written."""
    begins = range(0, len(listing.classes), shard_size)
    shards = [
        Shard(
            file=f"{name}-{number:05}-of-{len(begins):05}.array_record",
            images=min(shard_size, len(listing.classes) - begin),
            size=0,
            sha256="",
        )
        for number, begin in enumerate(begins)
    ]
    return Manifest(
        name=name,
        side=SIDE,
        encoding=encoding,
        class_names=list(listing.class_names),
        classes=listing.classes.tolist(),
        parts=listing.parts.tolist(),
        annotations=dict(listing.annotations),
        shards=shards,
    )


def _claim(folder: Path, plan: Manifest) -> None:
    """Notes in `folder` what is being written, or checks that the note there says the same."""
    make_output_folder(folder)
    begun = _begun(folder)
    if begun is None and any(path.name != MARKER for path in folder.iterdir()):
        raise ValueError(
            f"{folder} must be empty, or hold the beginning of this copy. Received: a folder with "
            "other files. Name another folder"
        )
    if begun not in (None, plan):
        raise ValueError(
            f"{folder} must be empty, or hold the beginning of this very copy. Received: another "
            "copy, or its beginning. Remove it, or name another folder"
        )
    mark(folder)
    _write_json(folder / _UNFINISHED, plan)


def _begun(folder: Path) -> Manifest | None:
    """Returns the plan of the copy in `folder`, finished or not."""
    for name in (_UNFINISHED, MANIFEST):
        if (folder / name).is_file():
            manifest = read_manifest(folder / name)
            blank = [replace(shard, size=0, sha256="") for shard in manifest.shards]
            return replace(manifest, shards=blank)
    return None


def _write_json(path: Path, manifest: Manifest) -> None:
    partial = path.with_name(path.name + ".partial")
    partial.write_text(json.dumps(manifest.to_json()) + "\n", encoding="utf-8")
    partial.replace(path)


def _number_of_records(path: Path) -> int | None:
    """Returns how many records a file has, or None if there is no such file."""
    if not path.is_file():
        return None
    reader = ArrayRecordReader(str(path))
    try:
        return reader.num_records()
    finally:
        reader.close()


def _write_shard(path: Path, records: Iterable[bytes]) -> None:
    partial = path.with_name(path.name + ".partial")
    writer = ArrayRecordWriter(str(partial), _WRITER_OPTIONS)
    try:
        for record in records:
            writer.write(record)
    finally:
        writer.close()
    partial.replace(path)


def _encoded(part: Files, encoding: str) -> Iterator[bytes]:
    """Yields the images of `part`, resized and encoded, in order."""
    read, convert = encoded_reader(part), _converter(encoding)

    def example(index: tf.Tensor) -> tf.Tensor:
        return convert(read(index))

    dataset = tf.data.Dataset.range(len(part)).map(example, tf.data.AUTOTUNE, deterministic=True)
    try:
        yield from dataset.as_numpy_iterator()
    except tf.errors.InvalidArgumentError as error:
        raise _undecodable(part, error) from error


# Traced once, not for every file.
@functools.cache
def _converter(encoding: str) -> Callable[[tf.Tensor], tf.Tensor]:
    @tf.function(input_signature=[tf.TensorSpec([], tf.string)])
    def convert(encoded: tf.Tensor) -> tf.Tensor:
        return ENCODERS[encoding](images.resize(images.decode(encoded), SIDE))

    return convert


def _undecodable(part: Files, error: tf.errors.OpError) -> ValueError:
    """Returns the error that names the images which cannot be decoded."""
    paths = [] if isinstance(part, EncodedImages) else part
    bad = [f"{path}: {reason}" for path, reason in find_bad_images(paths).items()]
    shown = "; ".join(itertools.islice(bad, 5)) or error.message.splitlines()[-1]
    return ValueError(f"Every image must be readable. Received: {shown}. Unpack the archive again")


def _finished(folder: Path, shard: Shard) -> Shard:
    path = folder / shard.file
    return replace(shard, size=path.stat().st_size, sha256=sha256(path))
