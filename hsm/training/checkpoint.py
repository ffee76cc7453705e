"""Save and restore weights, optimiser, statistics and progress in one file, atomically.

A checkpoint is one NumPy archive: every variable of the model and of the optimiser under its path,
and a JSON text with the progress. It is written beside its place and then renamed onto it, so that
a process killed at any moment leaves either the old checkpoint or the new one.
"""

from __future__ import annotations

import json
import os
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np

_PROGRESS = "progress.json"


@dataclass(frozen=True)
class CheckpointFile:
    """The file that holds the state up to an epoch; several runs may branch off its last one.

    Attributes:
        path: the file (`.npz`).
        last_epoch: a later state, also one in the middle of the next epoch, is never written to it.
    """

    path: Path
    last_epoch: int

    def is_past(self, epoch: int, *, interrupted: bool) -> bool:
        """True for a state after `epoch` epochs, or in the middle of the next, that is not its."""
        return epoch + interrupted > self.last_epoch

    def check(self, progress: dict[str, Any]) -> None:
        """Raise ValueError if the file holds `progress`, which is past its last epoch."""
        if self.is_past(progress["epoch"], interrupted=progress["interrupted"] is not None):
            raise ValueError(
                f"the checkpoint {self.path} should hold the state up to epoch {self.last_epoch}, "
                f"from which several runs go on, but it was written later, after epoch "
                f"{progress['epoch']}: delete it to train these epochs anew"
            )


def save(
    path: Path,
    progress: dict[str, Any],
    *,
    model: keras.Model,
    optimizer: keras.optimizers.Optimizer,
) -> None:
    """Write the checkpoint `path` (`.npz`).

    Args:
        path: the file; its folder is made.
        progress: JSON-serialisable account of how far the training is.
        model: all its variables are saved, moving statistics included.
        optimizer: all its variables are saved, slots included.

    Raises:
        FloatingPointError: if a variable is not finite; the checkpoint that was there stays.
    """
    arrays = {key: np.asarray(variable) for key, variable in _variables(model, optimizer)}
    for key, value in arrays.items():
        if np.issubdtype(value.dtype, np.floating) and not np.isfinite(value).all():
            raise FloatingPointError(
                f"the variable {key} holds NaN or infinity, so that it was not saved; the "
                f"checkpoint before it "
                f"is kept. A lower learning rate is the usual remedy."
            )
    arrays[_PROGRESS] = np.frombuffer(json.dumps(progress).encode(), dtype=np.uint8)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".partial")
    with partial.open("wb") as file:
        np.savez(file, **arrays)  # type: ignore[arg-type]
        file.flush()
        os.fsync(file.fileno())
    os.replace(partial, path)


def read_progress(path: Path) -> dict[str, Any]:
    """The progress that the checkpoint `path` holds."""
    return json.loads(_read(path)[_PROGRESS].tobytes())


def restore(
    path: Path, *, model: keras.Model, optimizer: keras.optimizers.Optimizer | None = None
) -> dict[str, Any]:
    """Set the variables of `model`, and of `optimizer` if given, to those of the checkpoint `path`.

    Returns:
        The progress that was saved with them.

    Raises:
        ValueError: if the file is no checkpoint or is one of another model, naming the variable.
    """
    arrays = _read(path)
    for key, variable in _variables(model, optimizer):
        if key not in arrays:
            raise ValueError(
                f"the checkpoint {path} has no variable {key}: it was written by another model or "
                "optimiser. Use the settings that it was made with, or another --output_dir."
            )
        value = arrays[key]
        if value.shape != tuple(variable.shape):
            raise ValueError(
                f"the checkpoint {path} has {key} in shape {value.shape}; expected "
                f"{tuple(variable.shape)}. Use the settings that it was made with, or another "
                "--output_dir."
            )
        variable.assign(value)
    return json.loads(arrays[_PROGRESS].tobytes())


def _read(path: Path) -> dict[str, np.ndarray]:
    """All arrays, at once: the archive's check sums are compared only as they are read."""
    remedy = "Delete it to train again what it held."
    try:
        with np.load(path) as archive:
            arrays = dict(archive)
    except (zipfile.BadZipFile, ValueError, EOFError) as error:
        raise ValueError(
            f"{path} is not a checkpoint of hsm or is damaged: {error}. {remedy}"
        ) from error
    if _PROGRESS not in arrays:
        raise ValueError(f"{path} is not a checkpoint of hsm: it has no {_PROGRESS}. {remedy}")
    return arrays


def _variables(
    model: keras.Model, optimizer: keras.optimizers.Optimizer | None
) -> Iterable[tuple[str, keras.Variable]]:
    """Every variable with a key that is unique and the same in every process.

    Keras' own paths hold counters of the process (`conv2d_7`), so that only a variable's place and
    its own name count.
    """
    for index, variable in enumerate(model.variables):
        yield f"model/{index:04d}/{variable.name}", variable
    for index, variable in enumerate(optimizer.variables if optimizer else []):
        yield f"optimizer/{index:04d}", variable
