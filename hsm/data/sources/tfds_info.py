"""What a folder of TensorFlow Datasets says of itself, read without that library.

The library imports the Python modules that a folder names for its features. Nothing that lies in a
folder of data may decide which code runs: here names are text, and features.json is not read.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

from hsm.data.sources.label_lists import read_lines
from hsm.records.json_values import JsonObject, Rule
from hsm.records.parts import FileName

INFO = "dataset_info.json"
_TEMPLATE = "{DATASET}-{SPLIT}.{FILEFORMAT}-{SHARD_X_OF_Y}"
# Far beyond any data set; a file that says more is damaged, and would fill the memory with names.
_MOST_SHARDS = 100_000

# Protobuf's JSON has numbers of 64 bits as text.
_Length = Annotated[
    str, Rule("a whole number", lambda text: text.isascii() and text.isdigit() and len(text) < 16)
]


@dataclass(frozen=True, kw_only=True)
class _Split(JsonObject):
    name: str
    shardLengths: tuple[_Length, ...]
    filepathTemplate: str = _TEMPLATE
    further: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class _Info(JsonObject):
    name: FileName
    splits: tuple[_Split, ...]
    fileFormat: str = "tfrecord"
    further: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class TfdsFolder:
    """A prepared version of a data set.

    Attributes:
        path: the folder.
        file_format: of its record files, such as "tfrecord".
        files: of every split, its record files and how many records each of them has.
    """

    path: Path
    file_format: str
    files: Mapping[str, Mapping[Path, int]]

    def class_names(self, feature: str) -> tuple[str, ...] | None:
        """Return the names of the classes of `feature`, by number; None where there are none."""
        path = self.path / f"{feature}.labels.txt"
        if not path.is_file():
            return None
        return tuple(line.strip() for line in read_lines(path) if line.strip())


def read_info(folder: Path) -> TfdsFolder:
    """Return what the folder of one version says of its files.

    Raises:
        ValueError: if its dataset_info.json is damaged or is none, naming the place in it.
    """
    path = folder / INFO
    try:
        info = _Info.from_json(json.loads(path.read_bytes()))
        files = {split.name: dict(_files(folder, info, split)) for split in info.splits}
    except (ValueError, RecursionError) as error:
        raise ValueError(
            f"{path}: expected which records there are. Received: {error}. Let TensorFlow Datasets "
            "prepare the data set again."
        ) from error
    return TfdsFolder(folder, info.fileFormat, files)


def _files(folder: Path, info: _Info, split: _Split) -> list[tuple[Path, int]]:
    count = len(split.shardLengths)
    if count > _MOST_SHARDS:
        raise ValueError(f"expected at most {_MOST_SHARDS:,} shards. Received: {count:,}")
    return [
        (folder / _file_name(info, split, number, count), int(length))
        for number, length in enumerate(split.shardLengths)
    ]


def _file_name(info: _Info, split: _Split, number: int, count: int) -> str:
    values = {
        "DATASET": info.name,
        "SPLIT": split.name,
        "FILEFORMAT": info.fileFormat,
        "SHARD_INDEX": f"{number:05}",
        "NUM_SHARDS": f"{count:05}",
        "SHARD_X_OF_Y": f"{number:05}-of-{count:05}",
    }
    name = split.filepathTemplate
    for key, value in values.items():
        name = name.replace(f"{{{key}}}", value)
    if Path(name).name != name or "\0" in name:
        raise ValueError(f"expected the name of a file in the folder. Received: {name[:200]!r}")
    return name
