"""Two folders of results: what differs, apart from what tells the time."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

# Keys of records and checkpoints that hold times and what follows from them.
_TIMED = ("seconds", "images_per_second", "preparation_seconds", "started", "finished")
# The same in tables and pages: dates, minutes of runs, and seconds in a page's list of facts.
_TIMES = re.compile(
    rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+]00:00|[\d.]+( to [\d.]+)? minutes a run|<dd>\d+\.\d</dd>"
)
# TensorFlow gives every SavedModel a number drawn at random here.
_DRAWN = "fingerprint.pb"


def differences(expected: Path, actual: Path) -> Iterator[str]:
    """Yield a line for each file of one folder that the other lacks, or holds with other content.

    Weights are compared to the bit, records and checkpoints without their times.
    """
    names, there = _files(expected), _files(actual)
    for name in sorted(names - there):
        yield f"{name} is missing"
    for name in sorted(there - names):
        yield f"{name} was left behind"
    for name in sorted(names & there):
        if not _same(expected / name, actual / name):
            yield f"{name} differs"


def _files(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*")}


def _same(expected: Path, actual: Path) -> bool:
    if expected.is_dir() or actual.is_dir():
        return expected.is_dir() == actual.is_dir()
    if expected.name == _DRAWN:
        return True
    return _content(expected) == _content(actual)


def _content(path: Path) -> Any:
    """Return what is compared of a file; for one that is damaged, that it is."""
    content = path.read_bytes()
    try:
        if path.suffix == ".npz":
            return _arrays(path)
        if path.suffix == ".json":
            return _timeless(json.loads(content))
    except Exception as error:
        return f"{path.name}: {error!r}"
    return _TIMES.sub(b"", content)


def _arrays(path: Path) -> dict[str, Any]:
    with np.load(path) as archive:
        arrays = {key: archive[key] for key in archive}
    progress = arrays.pop("progress.json")
    weights = {key: (value.dtype.str, value.tobytes()) for key, value in arrays.items()}
    return {**weights, "progress.json": _timeless(json.loads(progress.tobytes()))}


def _timeless(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _timeless(part) for key, part in value.items() if key not in _TIMED}
    return [_timeless(part) for part in value] if isinstance(value, list) else value
