"""Finished runs as they lie on disk: records, and the columns of the CSV files beside them."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hsm.experiments.config import METHODS
from hsm.experiments.config.run_record import RunRecord, read_all
from hsm.experiments.config.variants import label

Columns = dict[str, NDArray[np.float64]]


@dataclass(frozen=True)
class RecordedRun:
    """One finished run.

    Attributes:
        record: what it wrote down.
        folder: where the record lies.
    """

    record: RunRecord
    folder: Path

    @property
    def dataset(self) -> str:
        """Name of the data set."""
        return self.record.data.name

    @property
    def row(self) -> str:
        """Its method, with what it adds to that, such as "SM, label smoothing 0.1"."""
        return label(self.record.config)

    @property
    def condition(self) -> str:
        """Its row with the alphas, such as "BN, α = 8" or "HBN, α = 16 → 4"."""
        config, method = self.record.config, self.record.method
        if "alpha" not in config.traits.settings:
            return self.row
        heated = f" → {config.heated_alpha:g}" if config.is_heated else ""
        alpha = f"α = {config.alpha:g}{heated}"
        return ", ".join([method, alpha, *self.row.split(", ")[1:]])

    def columns(self, kind: str) -> Columns:
        """Read the CSV file `<name>.<kind>.csv` of `hsm.experiments.runs.diagnostics` by column.

        Raises:
            FileNotFoundError: if it is not there.
            ValueError: if it holds something else than numbers.
        """
        path = self.folder / f"{self.record.name}.{kind}.csv"
        if not path.exists():
            raise FileNotFoundError(
                f"{path}: expected the file that was written beside the record when the run ended. "
                "Received: none. Start the command of the run again with the same `output_dir`, "
                "which writes it anew."
            )
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        try:
            return {name: np.array([float(row[name]) for row in rows]) for name in rows[0]}
        except (IndexError, TypeError, ValueError) as error:
            raise ValueError(f"{path}: expected numbers only. Received: {error}") from error


def read(folder: Path) -> list[RecordedRun]:
    """Return every record in `folder`, in the order of `sorted_runs`.

    Raises:
        ValueError: if there is none, or one is damaged.
    """
    runs = [RecordedRun(record, folder) for record in read_all(folder)]
    if not runs:
        raise ValueError(
            f"{folder}: expected records, as a run leaves them in <output_dir>/records. Received: "
            "none. Run python -m hsm.experiments.table1."
        )
    return sorted_runs(runs)


def sorted_runs(runs: Iterable[RecordedRun]) -> list[RecordedRun]:
    """Return the runs by data set, method, alpha and seed: SM, LN, BN, HLN, HBN."""

    def key(run: RecordedRun) -> tuple[Any, ...]:
        config = run.record.config
        method = METHODS.standing.index(run.record.method)
        return run.dataset, method, config.alpha, run.row, run.record.seed

    return sorted(runs, key=key)


def by_dataset(runs: Iterable[RecordedRun]) -> dict[str, list[RecordedRun]]:
    """Return the runs of every data set, in the order in which the data sets first appear."""
    groups: dict[str, list[RecordedRun]] = {}
    for run in runs:
        groups.setdefault(run.dataset, []).append(run)
    return groups


def by_condition(runs: Iterable[RecordedRun]) -> dict[str, list[RecordedRun]]:
    """Return the runs of one data set by their condition: those of one differ in their seeds.

    Raises:
        ValueError: if two of one condition have the same seed.
    """
    groups: dict[str, list[RecordedRun]] = {}
    for run in runs:
        same = groups.setdefault(run.condition, [])
        twin = next((r for r in same if r.record.seed == run.record.seed), None)
        if twin is not None:
            raise ValueError(
                f"expected one record of {run.condition} on {run.dataset} with seed "
                f"{run.record.seed}. Received: {twin.record.name} and {run.record.name}. Put those "
                "that belong together into a folder of their own."
            )
        same.append(run)
    return groups
