"""Save and restore weights, optimiser, statistics and progress in one file, atomically.

A checkpoint is one NumPy archive: every variable of the model and of the optimiser under its name,
see `hsm.training.variable_names`, and a JSON text with the progress. It is written beside its place
and then renamed onto it, so that a process killed at any moment leaves either the old checkpoint or
the new one. Nothing in a file is executed, and no variable is set before all of them were checked.
"""

from __future__ import annotations

import json
import reprlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np

from hsm.archives import read_arrays
from hsm.atomic import replacing
from hsm.training.variable_names import model_variables, optimizer_variables

_PROGRESS = "progress.json"
_DELETE = "delete it to train again what it held"
# Of the progress. Files of versions before it had one are of the first.
_SCHEMA_KEY, _SCHEMA = "schema", 1
# Files of older versions have a variable's number for a key. This one is in every such file.
_NUMBERED = "optimizer/0000"


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
        """Return whether a state after `epoch` epochs, or amid the next, is past the last epoch."""
        return epoch + interrupted > self.last_epoch

    def check(self, progress: dict[str, Any]) -> None:
        """Raise ValueError if the file holds `progress`, which is past its last epoch."""
        if self.is_past(progress["epoch"], interrupted=progress["interrupted"] is not None):
            raise ValueError(
                f"expected the checkpoint {self.path} to hold the state up to epoch "
                f"{self.last_epoch}, from which several runs go on. Received: one after epoch "
                f"{progress['epoch']}; delete it to train these epochs anew"
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
    arrays = _finite_arrays(model, optimizer)
    arrays[_PROGRESS] = _packed({_SCHEMA_KEY: _SCHEMA, **progress})
    with replacing(path) as partial, partial.open("wb") as file:
        np.savez(file, **arrays)  # type: ignore[arg-type]


def check_finite(*, model: keras.Model, optimizer: keras.optimizers.Optimizer) -> None:
    """Raise FloatingPointError if `save` would."""
    _finite_arrays(model, optimizer)


def _finite_arrays(
    model: keras.Model, optimizer: keras.optimizers.Optimizer
) -> dict[str, np.ndarray]:
    arrays = {key: np.asarray(variable) for key, _, variable in _variables(model, optimizer)}
    for key, value in arrays.items():
        if not _is_finite(value):
            raise FloatingPointError(
                "expected finite weights to save. Received: NaN or infinity in the variable "
                f"{key}; the checkpoint before it is kept. A lower learning rate is the "
                "usual remedy."
            )
    return arrays


def read_progress(path: Path) -> dict[str, Any]:
    """Return the progress that the checkpoint `path` holds.

    Raises:
        ValueError: if the file is no checkpoint, is damaged or is of a newer version.
    """
    return _progress(path, _read(path))


def restore(
    path: Path, *, model: keras.Model, optimizer: keras.optimizers.Optimizer | None = None
) -> dict[str, Any]:
    """Set the variables of `model`, and of `optimizer` if given, to those of the checkpoint `path`.

    Returns:
        The progress that was saved with them.

    Raises:
        ValueError: if the file is no checkpoint, is damaged or is of a newer version, or of another
            model, naming the variable; then no variable has changed.
    """
    arrays = _read(path)
    progress = _progress(path, arrays)
    is_numbered = _NUMBERED in arrays
    values = [
        (variable, _checked(path, name, variable, arrays.get(number if is_numbered else name)))
        for name, number, variable in _variables(model, optimizer)
    ]
    for variable, value in values:
        variable.assign(value)
    return progress


def _checked(
    path: Path, name: str, variable: keras.Variable, value: np.ndarray | None
) -> np.ndarray:
    """Return the value for a variable.

    Raises:
        ValueError: if it does not fit, saying why.
    """
    place = f"in the checkpoint {path}"
    remedy = "use the settings that it was made with, or another folder"
    if value is None:
        raise ValueError(
            f"expected the variable {name} {place}. Received: a file of another model or "
            f"optimiser, without it; {remedy}"
        )
    shape, dtype = tuple(variable.shape), keras.backend.standardize_dtype(variable.dtype)
    if value.shape != shape:
        raise ValueError(
            f"expected {name} in shape {shape} {place}. Received: {value.shape}; {remedy}"
        )
    if value.dtype.kind == "V" and value.dtype.itemsize == np.dtype(dtype).itemsize:
        value = value.view(dtype)  # Of a type that is not NumPy's own, such as bfloat16.
    if value.dtype.name != dtype:
        raise ValueError(
            f"expected {name} as {dtype} {place}. Received: {value.dtype.name}; {remedy}"
        )
    if not _is_finite(value):
        raise ValueError(
            f"expected finite numbers in {name} {place}. Received: NaN or infinity; {_DELETE}"
        )
    return value


def _is_finite(value: np.ndarray) -> bool:
    return "float" not in value.dtype.name or bool(np.isfinite(value).all())


def _read(path: Path) -> dict[str, np.ndarray]:
    """Return all arrays; the archive's checksums are compared only as they are read."""
    try:
        return read_arrays(path)
    except ValueError as error:
        raise ValueError(
            f"expected {path} to be a whole checkpoint of hsm. Received: {error}; {_DELETE}"
        ) from error


def _progress(path: Path, arrays: dict[str, np.ndarray]) -> dict[str, Any]:
    if _PROGRESS not in arrays:
        raise ValueError(
            f"expected {path} to be a checkpoint of hsm. Received: a file without {_PROGRESS}; "
            f"{_DELETE}"
        )
    try:
        progress = json.loads(arrays[_PROGRESS].tobytes())
    except (ValueError, RecursionError) as error:
        raise ValueError(
            f"expected JSON in {_PROGRESS} of {path}. Received: {error}; {_DELETE}"
        ) from error
    if not isinstance(progress, dict):
        raise ValueError(
            f"expected an object in {_PROGRESS} of {path}. Received: {reprlib.repr(progress)}; "
            f"{_DELETE}"
        )
    _check_schema(path, progress.pop(_SCHEMA_KEY, _SCHEMA))
    return progress


def _packed(progress: dict[str, Any]) -> np.ndarray:
    """Return JSON as an array of bytes, uint8 [n]."""
    return np.frombuffer(json.dumps(progress).encode(), dtype=np.uint8)


def _check_schema(path: Path, schema: object) -> None:
    if type(schema) is not int or schema != _SCHEMA:
        raise ValueError(
            f"expected the checkpoint {path} to be of schema {_SCHEMA}. Received: "
            f"{reprlib.repr(schema)}; if a newer version wrote it, update hsm-embedding, else "
            f"{_DELETE}"
        )


def _variables(
    model: keras.Model, optimizer: keras.optimizers.Optimizer | None
) -> Iterator[tuple[str, str, keras.Variable]]:
    """Yield every variable with its key, and with the one that files of older versions have."""
    named = model_variables(model)
    names = {id(variable): f"model/{name}" for name, variable in named.items()}
    for index, variable in enumerate(model.variables):
        yield names[id(variable)], f"model/{index:04d}/{variable.name}", variable
    if optimizer is None:
        return
    slots = optimizer_variables(optimizer, named)
    names = {id(variable): f"optimizer/{name}" for name, variable in slots.items()}
    for index, variable in enumerate(optimizer.variables):
        yield names[id(variable)], f"optimizer/{index:04d}", variable
