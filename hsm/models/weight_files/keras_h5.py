"""Weight files of Keras models as named arrays."""

from __future__ import annotations

import os
from collections.abc import Iterator

import h5py  # type: ignore[import-untyped]
import numpy as np

from hsm.models.weight_files.caffe import Weights


def read_weights_h5(path: str | os.PathLike[str]) -> Weights:
    """Read the layers with weights of a file that `keras.Model.save_weights` wrote.

    Keras itself fills layers by their position among those of their class and changes some before
    it refuses; by name and beforehand, a file of another network can be told apart.

    Args:
        path: a `.weights.h5` file of a model without models inside.

    Returns:
        Layer name -> its variables in Keras's order and layout.

    Raises:
        ValueError: If the file is truncated, no HDF5 file, or holds no named layer.
    """
    try:
        with h5py.File(path, "r") as file:
            weights = dict(_layers(file, os.path.getsize(path)))
    except Exception as error:  # Damage shows wherever it lies, as an error of any kind.
        raise ValueError(
            f"{os.fspath(path)}: expected a .weights.h5 file. Received: a file that cannot be read "
            f"as HDF5: {error}. It is truncated or of another kind; get it again."
        ) from error
    named = {name: arrays for name, arrays in weights.items() if name and arrays}
    if not named:
        raise ValueError(
            f"{os.fspath(path)}: expected a .weights.h5 file with named layers, as Keras's "
            "save_weights writes. Received: none. Convert the weights with `python -m "
            "hsm.experiments.convert_weights`."
        )
    return named


def _layers(file: h5py.File, size: int) -> Iterator[tuple[str, list[np.ndarray]]]:
    """Return every layer that has variables: its name and these."""
    for group in file["layers"].values() if "layers" in file else ():
        if "vars" in group:
            name = group["vars"].attrs.get("name", "")
            yield name if isinstance(name, str) else "", _arrays(group["vars"], size)


def _arrays(group: h5py.Group, size: int) -> list[np.ndarray]:
    """Return one layer's variables, which are named by their numbers, of a file of `size` bytes."""
    if {*group} != {str(number) for number in range(len(group))}:
        raise ValueError(
            f"{group.name}: expected the variables 0, 1, .... Received: {', '.join(group)}"
        )
    datasets = [group[str(number)] for number in range(len(group))]
    for dataset in datasets:
        # What lies in another file is none of this one, and Keras does not compress.
        if not isinstance(dataset, h5py.Dataset) or dataset.external or dataset.is_virtual:
            raise ValueError(f"{group.name}: expected arrays alone. Received: something else")
        if dataset.nbytes > size:
            raise ValueError(
                f"{dataset.name}: expected an array within the file. Received: a larger one"
            )
    return [dataset[()] for dataset in datasets]
