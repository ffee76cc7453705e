"""What a driver has once its runs are done."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from hsm.experiments.config.run_record import RunRecord

if TYPE_CHECKING:
    from hsm.experiments.runs.runner import Runner


@dataclass(frozen=True)
class FinishedRuns:
    """The runs of one data set.

    Attributes:
        runner: what ran them; it knows the data and the output folder.
        records: a record a run, in the order of the configurations.
    """

    runner: Runner
    records: list[RunRecord]
