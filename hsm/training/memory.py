"""What the batches of a training follow from, beside epoch and step: a checkpoint keeps it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from hsm.training.step import Totals


class Memory(Protocol):
    """State of what draws the batches."""

    def learn(self, epoch: int, totals: Totals) -> None:
        """Take note of an epoch that ended, before it is saved.

        Args:
            epoch: from 1.
            totals: its sums.
        """

    def state(self) -> dict[str, Any] | None:
        """Return, as JSON values, all that `restore` needs; None for nothing."""

    def restore(self, state: dict[str, Any] | None) -> None:
        """Resume from `state`; None is the start.

        Raises:
            ValueError: if it is no such state.
        """


class NoMemory:
    """Of batches that follow from epoch and step alone."""

    def learn(self, epoch: int, totals: Totals) -> None:
        """Do nothing."""

    def state(self) -> None:
        """Return None."""

    def restore(self, state: dict[str, Any] | None) -> None:
        """Do nothing."""


def restore_memory(path: Path, progress: Mapping[str, Any], memory: Memory) -> None:
    """Make `memory` what it was when the checkpoint `path` was written.

    Args:
        path: the checkpoint, for the error.
        progress: what `hsm.training.progress.read_progress` returned.
        memory: of the batches that are to go on.

    Raises:
        ValueError: if it is no state of this memory.
    """
    try:
        memory.restore(progress.get("memory"))
    except ValueError as error:
        raise ValueError(
            f"expected the checkpoint {path} to say how its batches go on. Received: {error}; "
            "delete it to train again what it held"
        ) from error
