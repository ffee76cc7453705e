"""Records as files: one JSON file a run, written whole or not at all."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, overload

from hsm import atomic
from hsm.records.record import Config, Record


def write(record: Record[Any], directory: Path) -> Path:
    """Write `record` to `directory/<name>.json`, atomically, and return the path.

    Raises:
        ValueError: if it holds what could not be read again, such as NaN; nothing is written.
    """
    content = record.to_json()
    try:
        Record.from_json(content)
    except ValueError as error:
        raise ValueError(
            f"{record.name}: expected a record that can be written. Received: {error}"
        ) from error
    text = json.dumps(content, indent=1, allow_nan=False) + "\n"
    return atomic.write_text(directory / f"{record.name}.json", text)


@overload
def read(path: Path) -> Record[Mapping[str, Any]]: ...
@overload
def read(path: Path, config: Callable[[Mapping[str, Any]], Config]) -> Record[Config]: ...
def read(path: Path, config: Callable[[Mapping[str, Any]], Any] = dict) -> Record[Any]:
    """Read one record, of this version or an older one.

    Args:
        path: its file.
        config: makes the settings of a mapping of JSON values; without it they stay that.

    Raises:
        ValueError: if the file is no record, is damaged or is of a newer version; it names the file
            and the place in it.
    """
    try:
        return Record.from_json(json.loads(path.read_bytes()), config)
    except (ValueError, RecursionError) as error:  # A RecursionError says: nested too deeply.
        raise ValueError(
            f"{path}: expected a record that this version of hsm reads. Received: {error}. Delete "
            "it to run it again, or update hsm-embedding if a newer version wrote it."
        ) from error


@overload
def read_all(directory: Path) -> list[Record[Mapping[str, Any]]]: ...
@overload
def read_all(
    directory: Path, config: Callable[[Mapping[str, Any]], Config]
) -> list[Record[Config]]: ...
def read_all(
    directory: Path, config: Callable[[Mapping[str, Any]], Any] = dict
) -> list[Record[Any]]:
    """Read every record in `directory`, by name; an absent folder holds none.

    Args:
        directory: the folder.
        config: as for `read`.

    Raises:
        ValueError: as `read` does.
    """
    return [read(path, config) for path in sorted(directory.glob("*.json"))]
