"""Save and restore weights, optimiser, statistics and progress in one file, atomically.

A checkpoint is one NumPy archive: every variable of the model and of the optimiser under its path,
and a JSON text with the progress. It is written beside its place and then renamed onto it, so that
a process killed at any moment leaves either the old checkpoint or the new one.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import keras
import numpy as np

from hsm.atomic import replacing

_PROGRESS = "progress.json"


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
    with replacing(path) as partial, partial.open("wb") as file:
        np.savez(file, **arrays)  # type: ignore[arg-type]


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
                "optimiser. Use the settings that it was made with, or another folder."
            )
        value = arrays[key]
        if value.shape != tuple(variable.shape):
            raise ValueError(
                f"the checkpoint {path} has {key} in shape {value.shape}; expected "
                f"{tuple(variable.shape)}. Use the settings that it was made with, or another "
                "folder."
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
