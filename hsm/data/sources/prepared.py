"""A compact copy of a data set: small images in record files, and a manifest that describes them.

`prepare.py` writes it. The manifest holds classes and parts, so that every split can be made of
one copy, and a checksum of each record file.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from hsm.data.sources.array_records import open_records
from hsm.data.sources.folders import homes
from hsm.data.sources.listing import Listing
from hsm.data.sources.source import EncodedImages

MANIFEST = "manifest.json"
_SCHEMA = 1


@dataclass(frozen=True)
class Shard:
    """One record file.

    Attributes:
        file: its name.
        images: how many records it has, each one encoded image.
        size: its length in bytes.
        sha256: hexadecimal.
    """

    file: str
    images: int
    size: int
    sha256: str


@dataclass(frozen=True)
class Manifest:
    """What a prepared copy consists of. The images of all shards in order are those of the lists.

    Attributes:
        name: of the data set.
        side: of every image, in pixels.
        encoding: "jpeg" or "png".
        class_names: by class.
        classes: of every image, 0..C-1.
        parts: of every image, as in a listing.
        annotations: by part, the annotation file that listed it.
        shards: the record files.
    """

    name: str
    side: int
    encoding: str
    class_names: list[str]
    classes: list[int]
    parts: list[str]
    annotations: dict[str, str]
    shards: list[Shard]

    def to_json(self) -> dict[str, Any]:
        """The manifest as JSON types."""
        return {"schema": _SCHEMA, **asdict(self)}

    @classmethod
    def from_json(cls, content: dict[str, Any]) -> Manifest:
        """The manifest that `to_json` wrote.

        Raises:
            ValueError: if it is one of another schema, or none.
        """
        fields = {key: value for key, value in content.items() if key != "schema"}
        if content.get("schema") != _SCHEMA or fields.keys() != cls.__annotations__.keys():
            raise ValueError(
                f"A manifest must be of schema {_SCHEMA}. Received: {content.get('schema')}"
            )
        return cls(**{**fields, "shards": [Shard(**shard) for shard in fields["shards"]]})


def find(root: Path, name: str) -> Path | None:
    """Returns `root` or a folder below it with a finished copy of data set `name`."""
    for home in homes(root, name):
        if (home / MANIFEST).is_file() and _content(home / MANIFEST).get("name") == name:
            return home
    return None


def read_manifest(path: Path) -> Manifest:
    """Returns the manifest in the file `path`.

    Raises:
        ValueError: if it cannot be understood.
    """
    return Manifest.from_json(_content(path))


def read(root: Path, name: str) -> Listing | None:
    """Returns the copy of data set `name` below `root`, or None where there is none.

    The sizes of its files are compared with the manifest; their checksums, by `verify`.

    Raises:
        ValueError: if a file is missing or has another size.
    """
    folder = find(root, name)
    if folder is None:
        return None
    manifest = read_manifest(folder / MANIFEST)
    for shard in manifest.shards:
        path = folder / shard.file
        size = path.stat().st_size if path.is_file() else None
        if size != shard.size:
            raise _wrong(path, f"be of {shard.size:,} bytes", f"{size or 0:,}")
    records = open_records([str(folder / shard.file) for shard in manifest.shards])
    return Listing(
        folder=folder,
        images=EncodedImages(lambda record: records[record], np.arange(len(manifest.classes))),
        classes=np.array(manifest.classes, np.int32),
        class_names=tuple(manifest.class_names),
        parts=np.array(manifest.parts),
        annotations=manifest.annotations,
    )


def verify(folder: Path, progress: Callable[[int, int], None] | None = None) -> None:
    """Reads every file of the copy in `folder` and compares its checksum.

    Args:
        folder: of the manifest.
        progress: called with (files read, files).

    Raises:
        ValueError: naming the first file that differs.
    """
    shards = read_manifest(folder / MANIFEST).shards
    for done, shard in enumerate(shards, 1):
        path, received = folder / shard.file, sha256(folder / shard.file)
        if received != shard.sha256:
            raise _wrong(path, f"have the SHA-256 {shard.sha256}", received)
        if progress:
            progress(done, len(shards))


def sha256(path: Path) -> str:
    """Returns the SHA-256 of a file, hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _wrong(path: Path, rule: str, received: str) -> ValueError:
    return ValueError(
        f"{path} must {rule}, as {MANIFEST} says. Received: {received}. Run "
        "`python -m hsm.experiments.prepare` again as when this copy was written: what is damaged "
        "is written anew"
    )


def _content(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{path} is not a manifest: {error}") from error
    return content if isinstance(content, dict) else {}
