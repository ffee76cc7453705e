"""Weight files of Keras models as named arrays."""

from __future__ import annotations

import os

import h5py  # type: ignore[import-untyped]
import numpy as np

from hsm.models.weight_files.caffe import Weights


def read_weights_h5(path: str | os.PathLike[str]) -> Weights:
    """Reads the layers with weights of a file that `keras.Model.save_weights` wrote.

    Keras itself fills layers by their position among those of their class and changes some before
    it refuses; by name and beforehand, a file of another network can be told apart.

    Args:
        path: A `.weights.h5` file of a model without models inside.

    Returns:
        Layer name -> its variables in Keras's order and layout.

    Raises:
        ValueError: If the file is truncated, no HDF5 file, or holds no named layer.
    """
    try:
        with h5py.File(path, "r") as file:
            groups = [group["vars"] for group in file.get("layers", {}).values() if "vars" in group]
            weights = {str(group.attrs.get("name", "")): _arrays(group) for group in groups}
    except OSError as error:
        raise ValueError(
            f"{os.fspath(path)}: expected a .weights.h5 file, but it cannot be read as HDF5: "
            f"{error}. The file is truncated or of another kind; get it again."
        ) from error
    named = {name: arrays for name, arrays in weights.items() if name and arrays}
    if not named:
        raise ValueError(
            f"{os.fspath(path)}: expected a .weights.h5 file with named layers, as Keras's "
            "save_weights writes, but found none. Convert the weights with "
            "`python -m hsm.experiments.convert_weights`."
        )
    return named


def _arrays(group: h5py.Group) -> list[np.ndarray]:
    """One layer's variables, which are named by their numbers."""
    return [group[key][()] for key in sorted(group, key=int)]
