"""A compact copy of a data set: small images in record files, and a manifest that describes them.

`prepare.py` writes it. The manifest holds classes and parts, so that every split can be made of
one copy, and a checksum of each record file.
"""

from __future__ import annotations

import hashlib
import json
import string
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np

from hsm.data.sources.annotations import GALLERY, QUERY, TEST, TRAIN, UNKNOWN, Annotations
from hsm.data.sources.array_records import open_records
from hsm.data.sources.folders import candidate_roots
from hsm.data.sources.source import EncodedImages
from hsm.records.json_values import JsonObject, Rule, decode, encode
from hsm.records.parts import Count, FileName

MANIFEST = "manifest.json"
_SCHEMA = 1
_PARTS = (TRAIN, TEST, QUERY, GALLERY, UNKNOWN)


def _is_sha256(text: str) -> bool:
    return len(text) == 64 and {*text} <= {*string.hexdigits}


_Sha256 = Annotated[str, Rule("a SHA-256, or nothing", lambda text: not text or _is_sha256(text))]
_Part = Annotated[str, Rule(f"one of {', '.join(filter(None, _PARTS))}", lambda t: t in _PARTS)]


@dataclass(frozen=True)
class Shard(JsonObject):
    """One record file.

    Attributes:
        file: its name.
        images: how many records it has, each one encoded image.
        size: its length in bytes.
        sha256: hexadecimal; empty of a file that is not written yet.
    """

    file: FileName
    images: Count
    size: Count
    sha256: _Sha256


@dataclass(frozen=True)
class Manifest(JsonObject):
    """What a prepared copy consists of. The images of all shards in order are those of the lists.

    Attributes:
        name: of the data set.
        side: of every image, in pixels.
        encoding: "jpeg" or "png".
        class_names: by class.
        classes: of every image, 0..C-1.
        parts: of every image, as in `Annotations`.
        annotations: by part, the annotation file that listed it.
        shards: the record files.
    """

    name: str
    side: Count
    encoding: str
    class_names: tuple[str, ...]
    classes: tuple[Count, ...]
    parts: tuple[_Part, ...]
    annotations: Mapping[str, str]
    shards: tuple[Shard, ...]

    def __post_init__(self) -> None:
        """Raise ValueError unless the lists are of the same images."""
        counts = len(self.classes), len(self.parts), sum(shard.images for shard in self.shards)
        if len({*counts}) > 1:
            raise ValueError(
                "expected as many classes, parts and records. Received: "
                + ", ".join(f"{count:,}" for count in counts)
            )

    def to_json(self) -> dict[str, Any]:
        """Return the manifest as JSON types, with a checksum of itself."""
        content = {"schema": _SCHEMA, **encode(self)}
        return {**content, "checksum": _checksum(content)}

    @classmethod
    def from_json(cls, values: object) -> Manifest:
        """Return the manifest that `to_json` wrote.

        Raises:
            ValueError: if it is one of another schema, or none, naming the place in it.
        """
        if not isinstance(values, dict) or values.get("schema") != _SCHEMA:
            received = values.get("schema") if isinstance(values, dict) else values
            raise ValueError(f"expected a manifest of schema {_SCHEMA}. Received: {received!r:.80}")
        fields = {key: values[key] for key in values if key not in ("schema", "checksum")}
        manifest: Manifest = decode(cls, fields)
        # The first manifests have none.
        if "checksum" in values and values["checksum"] != _checksum({"schema": _SCHEMA, **fields}):
            raise ValueError("expected the content of the checksum. Received: another")
        return manifest


def _checksum(content: Mapping[str, Any]) -> str:
    text = json.dumps(content, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def find(root: Path, name: str) -> Path | None:
    """Return `root` or a folder below it with a finished copy of data set `name`."""
    for home in candidate_roots(root, name):
        if (home / MANIFEST).is_file() and _name(home / MANIFEST) == name:
            return home
    return None


def read_manifest(path: Path) -> Manifest:
    """Return the manifest in the file `path`.

    Raises:
        ValueError: if it cannot be understood, naming the place in it.
    """
    try:
        return Manifest.from_json(json.loads(path.read_bytes()))
    except (ValueError, RecursionError) as error:
        raise _no_manifest(path, error) from error


def read(root: Path, name: str) -> Annotations | None:
    """Return the copy of data set `name` below `root`, or None where there is none.

    Raises:
        ValueError: if a file is missing or has changed since it was written.
    """
    folder = find(root, name)
    if folder is None:
        return None
    manifest = read_manifest(folder / MANIFEST)
    verify(folder)
    records = open_records([str(folder / shard.file) for shard in manifest.shards])
    if len(records) != len(manifest.classes):
        raise _wrong(folder, f"{len(manifest.classes):,} images", f"{len(records):,}")
    return Annotations(
        folder=folder,
        images=EncodedImages(lambda record: records[record], np.arange(len(manifest.classes))),
        classes=np.array(manifest.classes, np.int32),
        class_names=tuple(manifest.class_names),
        parts=np.array(manifest.parts),
        annotation_files=manifest.annotations,
    )


def verify(folder: Path, progress: Callable[[int, int], None] | None = None) -> None:
    """Read every file of the copy in `folder` and compare its checksum.

    Args:
        folder: of the manifest.
        progress: called with (files read, files).

    Raises:
        ValueError: naming the first file that differs.
    """
    shards = read_manifest(folder / MANIFEST).shards
    for done, shard in enumerate(shards, 1):
        path = folder / shard.file
        size = path.stat().st_size if path.is_file() else 0
        if size != shard.size:
            raise _wrong(path, f"{shard.size:,} bytes", f"{size:,}")
        if (received := sha256(path)) != shard.sha256:
            raise _wrong(path, f"the SHA-256 {shard.sha256}", received)
        if progress:
            progress(done, len(shards))


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file, hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _name(path: Path) -> object:
    """Return the data set that a manifest names; None of a file that others call so, too."""
    try:
        content = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise _no_manifest(path, error) from error
    return content.get("name") if isinstance(content, dict) else None


def _no_manifest(path: Path, error: Exception) -> ValueError:
    return ValueError(
        f"{path}: expected the manifest of a copy. Received: another file, or a damaged one: "
        f"{error}. Remove the folder, and write the copy again with `python -m "
        "hsm.experiments.prepare`."
    )


def _wrong(path: Path, rule: str, received: str) -> ValueError:
    return ValueError(
        f"{path}: expected {rule}, as {MANIFEST} says. Received: {received}. Run `python -m "
        "hsm.experiments.prepare` again as when this copy was written: what is damaged is written "
        "anew."
    )
