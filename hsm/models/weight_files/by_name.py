"""Weights that a file stores variable by variable, under names of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import keras
import numpy as np

# (a layer's name, its variable's name in Keras, such as "kernel") -> the name in the file.
VariableName = Callable[[str, str], str]


def assign_by_name(
    model: keras.Model, arrays: Mapping[str, np.ndarray], name_of: VariableName, *, path: str
) -> None:
    """Copy arrays into the variables of `model`; what the model lacks is left out.

    Nothing is changed unless everything fits.

    Args:
        model: a model without models inside.
        arrays: the file's variables by the file's names, in Keras's layout.
        name_of: says what the file calls a variable.
        path: the file, for errors.

    Raises:
        ValueError: If a variable is missing, has another shape or is not of finite numbers, or
            the file has a scale for a batch normalisation without one. The file's name of the
            variable is given, with what was expected and what was received.
    """
    pairs = list(_pairs(model, name_of))
    for variable, name in pairs:
        problem = _mismatch(tuple(variable.shape), arrays, name)
        if problem:
            raise ValueError(
                f"{path}: expected weights of the model {model.name}, with the variable {name} of "
                f"shape {tuple(variable.shape)}. Received: {problem}. Give a file of the same "
                "network."
            )
    _check_scales(model, arrays, name_of, path=path)
    for variable, name in pairs:
        variable.assign(arrays[name])


def misfit(array: np.ndarray, shape: tuple[int, ...]) -> str | None:
    """Return why an array of a file does not fit a variable of `shape`, or None."""
    if array.shape != shape:
        return f"shape {array.shape}"
    if "float" not in array.dtype.name:
        return f"values of type {array.dtype.name}"
    with np.errstate(over="ignore"):  # A double may be too large for the float that it becomes.
        if not np.isfinite(array.astype(np.float32)).all():
            return "NaN or infinity among its values"
    return None


def _pairs(model: keras.Model, name_of: VariableName) -> Iterator[tuple[keras.Variable, str]]:
    """Yield every variable with its name in the file."""
    for layer in model.layers:
        for variable in layer.weights:
            yield variable, name_of(layer.name, variable.name)


def _mismatch(shape: tuple[int, ...], arrays: Mapping[str, np.ndarray], name: str) -> str | None:
    """Return what is found instead of a variable, or None."""
    if name in arrays:
        return misfit(arrays[name], shape)
    names = sorted(arrays)
    first = ", ".join(names[:5]) + (", ..." if len(names) > 5 else "")
    return f"no such name among the file's {len(names)}: {first}"


def _check_scales(
    model: keras.Model, arrays: Mapping[str, np.ndarray], name_of: VariableName, *, path: str
) -> None:
    """Refuse to drop scales in silence: without them the network computes something else."""
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization) and not layer.scale:
            name = name_of(layer.name, "gamma")
            if name in arrays:
                raise ValueError(
                    f"{path}: expected weights of the model {model.name}, without a scale of batch "
                    f"normalisation. Received: the variable {name}. Build the model with "
                    "scale=True."
                )
