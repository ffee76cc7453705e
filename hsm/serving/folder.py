"""Bring an index up to date with a folder of photographs, or with a part of a data set."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from hsm.data.sources.source import Split
from hsm.progress import LINE, Progress
from hsm.serving.embedder import Embedder, OnBadImage
from hsm.serving.embeddings import Embeddings, Skipped
from hsm.serving.index import Index
from hsm.serving.inputs import pictures_below

# Images of a commit: what an interrupt costs at most.
_AT_ONCE = 512
# By these two a file that did not change is known again.
_BYTES, _CHANGED = "bytes", "changed"


@dataclass
class Update:
    """What an update did.

    Attributes:
        added: images that are new in the index.
        replaced: images whose files changed.
        unchanged: images that were not read again.
        removed: images whose files are gone.
        skipped: images that could not be read, which are not in the index.
    """

    added: int = 0
    replaced: int = 0
    unchanged: int = 0
    removed: int = 0
    skipped: list[Skipped] = field(default_factory=list)


@dataclass(frozen=True)
class _File:
    id: str
    label: str | None
    state: Mapping[str, int]


def update_from_folder(
    index: Index,
    folder: str | os.PathLike[str],
    embedder: Embedder,
    *,
    on_bad_image: OnBadImage = "raise",
    may_empty: bool = False,
    show_progress: bool = True,
) -> Update:
    """Embed the pictures below a folder that are new or changed, and remove those that are gone.

    An item's id is the absolute path of its file, its label the folder directly in `folder` that
    the file lies in or below, and its metadata the file's size ("bytes") and time of change
    ("changed", in nanoseconds), by which a file is known again. Some hundred items are committed at
    a time: what is interrupted goes on where it was.

    Args:
        index: of the embedder's model.
        folder: what to look through.
        embedder: what embeds.
        on_bad_image: what to do about files that cannot be read: "raise" at the first commit that
            has some, whose other images are kept, or "skip" them.
        may_empty: whether a folder without a picture removes all items that were added from it;
            without, it is refused, for a disk may not be mounted.
        show_progress: whether it is reported on `hsm.progress.LINE` how far it is.

    Raises:
        FileNotFoundError: if the folder is missing.
        UnreadableImages: as `Embedder.embed` raises it.
        ValueError: if the index is of another model, or the folder is empty and may not be.
        OSError: if it cannot be written.
    """
    root = Path(os.path.abspath(Path(folder).expanduser()))
    if not root.is_dir():
        raise FileNotFoundError(f"expected a folder of photographs. Received: {folder}")
    index.check_digest(embedder.digest)
    known, update = index.metadata(), Update()
    files = list(_files(root, update.skipped))
    changed = [file for file in files if not _is_known(file, known)]
    update.unchanged = len(files) - len(changed)
    gone = _gone(root, known, {file.id for file in files})
    if gone and not (files or may_empty):
        raise ValueError(
            f"expected pictures in {root}, of which {len(gone):,} are in {index.path}. Received: "
            "none. Mount its disk, or pass may_empty=True to remove them."
        )
    update.removed = index.remove(gone) if gone else 0
    progress = Progress("embedding", len(changed))
    try:
        for start in range(0, len(changed), _AT_ONCE):
            part = changed[start : start + _AT_ONCE]
            paths = [Path(file.id) for file in part]
            advance = progress.advance if show_progress else _ignored
            embeddings = embedder.embed_named(paths, on_bad_image="skip", progress=advance)
            _add(index, part, embeddings, known, update)
            if embeddings.skipped and on_bad_image == "raise":
                raise embeddings.unreadable()
    finally:
        LINE.clear()
    return update


def add_split(
    index: Index, split: Split, embedder: Embedder, *, prefix: str = "", replace: bool = False
) -> int:
    """Add the images of a part of a data set, and return how many they were.

    Ids are `prefix` and the image's path, or its number where it is in no file; labels are the
    names of the classes.

    Args:
        index: of the embedder's model.
        split: such as `hsm.data.sources.load_source("letters").test`.
        embedder: what embeds.
        prefix: tells the parts of an index apart.
        replace: as of `Index.add`.

    Raises:
        UnreadableImages: if images cannot be read.
        ValueError: as `Index.add`, and if the index is of another model.
    """
    index.check_digest(embedder.digest)
    for start in range(0, len(split), _AT_ONCE):
        places = range(start, min(start + _AT_ONCE, len(split)))
        images: Sequence[Any] = [split.images[place] for place in places]
        is_path = isinstance(images[0], str)
        ids = [f"{prefix}{images[i] if is_path else place}" for i, place in enumerate(places)]
        labels = [split.class_names[split.labels[place]] for place in places]
        index.add(ids, embedder.embed(images), labels, replace=replace)
    return len(split)


def _files(root: Path, skipped: list[Skipped]) -> Iterator[_File]:
    for place, path in enumerate(pictures_below(root)):
        try:
            name, status = os.fspath(path), path.stat()
            name.encode()
        except UnicodeEncodeError:
            readable = os.fsencode(path).decode("utf-8", "replace")
            skipped.append(Skipped(readable, place, "its name is no UTF-8: rename it"))
            continue
        except OSError as error:
            skipped.append(Skipped(name, place, f"cannot be read: {error.strerror}"))
            continue
        inner = path.relative_to(root).parts
        label = unicodedata.normalize("NFC", inner[0]) if len(inner) > 1 else None
        yield _File(name, label, {_BYTES: status.st_size, _CHANGED: status.st_mtime_ns})


def _gone(root: Path, known: Mapping[str, Mapping[str, Any]], there: set[str]) -> list[str]:
    """Return ids of files that were added from the folder and are in it no more."""
    above = f"{root}{os.sep}"
    return [
        key
        for key, metadata in known.items()
        if key.startswith(above) and _CHANGED in metadata and key not in there
    ]


def _is_known(file: _File, known: Mapping[str, Mapping[str, Any]]) -> bool:
    metadata = known.get(file.id, {})
    return all(metadata.get(name) == value for name, value in file.state.items())


def _add(
    index: Index,
    files: Sequence[_File],
    embeddings: Embeddings,
    known: Mapping[str, Mapping[str, Any]],
    update: Update,
) -> None:
    """Commit the images of a part that could be read; one that no longer can is removed."""
    read = [files[place] for place in np.asarray(embeddings.places)]
    ids = [file.id for file in read]
    index.add(
        ids,
        embeddings.vectors,
        [file.label for file in read],
        [file.state for file in read],
        replace=True,
    )
    broken = [one.name for one in embeddings.skipped if one.name in known]
    update.removed += index.remove(broken) if broken else 0
    update.skipped += embeddings.skipped
    update.replaced += sum(key in known for key in ids)
    update.added += sum(key not in known for key in ids)


def _ignored(count: int) -> None:
    """Show nothing."""
