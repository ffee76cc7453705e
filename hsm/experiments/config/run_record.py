"""The record of a run, whose settings are a `RunConfig`."""

from __future__ import annotations

from pathlib import Path

from hsm import records
from hsm.experiments.config.run_config import RunConfig
from hsm.records import Record

RunRecord = Record[RunConfig]


def read(path: Path) -> RunRecord:
    """Read one record; a setting that is younger than it has its default.

    Raises:
        ValueError: as `hsm.records.read` does, and if its settings are not those of a run.
    """
    return records.read(path, RunConfig.from_json)


def read_all(directory: Path) -> list[RunRecord]:
    """Read every record in `directory`, by name; an absent folder holds none.

    Raises:
        ValueError: as `read` does.
    """
    return records.read_all(directory, RunConfig.from_json)
