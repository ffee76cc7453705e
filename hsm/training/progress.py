"""How far a training is, as its checkpoint says: checked before anything is made of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hsm.records import EpochRow
from hsm.records.json_values import JsonObject
from hsm.records.parts import Count, Seconds
from hsm.schedules import Phase, Phases, Schedule, phase_at
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
            f"expected the checkpoint {path} to say how far its training is. Received: {error}; "
            "delete it to train again what it held"
        ) from error
    return progress


def check_origin(
    path: Path,
    progress: Mapping[str, Any],
    *,
    origin: Mapping[str, str | None] | None,
    schedule: Schedule,
) -> None:
    """Refuse a checkpoint of other data, or of another schedule up to where it is.

    Args:
        path: the checkpoint, for the error.
        progress: what `read_progress` returned.
        origin: of the training that is to go on, see `hsm.training.loop.Trainer`.
        schedule: of that training.

    Raises:
        ValueError: if the checkpoint is of another origin, of none, or of another schedule.
    """
    if "origin" not in progress:
        raise ValueError(
            f"expected the checkpoint {path} to say what it was trained on. Received: one that an "
            "older version wrote, without it; use another folder, or delete it to train anew"
        )
    if progress["origin"] != origin:
        raise ValueError(
            f"expected the checkpoint {path} to be of the images and first weights given now. "
            "Received: one of others; use another folder, or delete it to train anew"
        )
    before = Phases(tuple(Phase(**phase) for phase in progress["schedule"]))
    for epoch in range(1, progress["epoch"] + 1):
        old, new = phase_at(before, epoch), phase_at(schedule, epoch)
        if (old.alpha, old.learning_rate) != (new.alpha, new.learning_rate):
            raise ValueError(
                f"expected epoch {epoch} in the checkpoint {path} to be trained with "
                f"alpha={new.alpha:g} and learning_rate={new.learning_rate:g}. Received: "
                f"alpha={old.alpha:g} and learning_rate={old.learning_rate:g}; use its schedule, "
                "or another path"
            )
