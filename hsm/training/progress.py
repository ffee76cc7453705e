"""How far a training is, as its checkpoint says: checked before anything is made of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hsm.records import EpochRow
from hsm.records.json_values import JsonObject
from hsm.records.parts import Count, Seconds
from hsm.schedules import Phase
from hsm.training import checkpoint


@dataclass(frozen=True, kw_only=True)
class _Interrupted(JsonObject):
    """Where an epoch was cut off."""

    step: Count
    seconds: Seconds
    # Sums of the epoch so far; which, the version decides.
    totals: Mapping[str, float]


@dataclass(frozen=True, kw_only=True)
class _Scored(JsonObject):
    """An evaluation: its epoch, and whatever the evaluator returned."""

    epoch: Count
    further: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class _Progress(JsonObject):
    """What `hsm.training.loop.Trainer` saves beside the weights."""

    epoch: Count
    epochs: tuple[EpochRow, ...]
    evaluations: tuple[_Scored, ...]
    preparation_seconds: Seconds = 0.0
    schedule: tuple[Phase, ...]
    interrupted: _Interrupted | None
    further: Mapping[str, Any] = field(default_factory=dict)


def read_progress(path: Path) -> dict[str, Any]:
    """Return the progress of the training whose checkpoint is `path`.

    Raises:
        ValueError: if the file is damaged or was not written by a training; it names the place.
    """
    progress = checkpoint.read_progress(path)
    try:
        _Progress.from_json(progress)
    except ValueError as error:
        raise ValueError(
            f"the checkpoint {path} does not say how far its training is: {error}. Delete it to "
            "train again what it held."
        ) from error
    return progress
