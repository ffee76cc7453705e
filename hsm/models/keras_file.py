"""Any model that was saved as a `.keras` file as a backbone."""

from __future__ import annotations

import os

import keras

# Saved networks of this package are found once their layers are registered.
import hsm.layers  # noqa: F401


def read_keras_file(path: str, input_shape: tuple[int, int, int]) -> keras.Model:
    """Reads a `.keras` file and checks that its model is a backbone for these images.

    The model gets RGB pixel values 0..255, so that its preprocessing must be among its layers.
    Its weights and dtype policies are those that it was saved with. Layers that this package and
    Keras lack must be registered with Keras before; code inside the file is not executed.

    Args:
        path: The file.
        input_shape: (height, width, 3) of the images.

    Returns:
        A model from [batch, height, width, 3] to features [batch, d].

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: It cannot be read, takes other images, or its output is not [batch, d].
    """
    if not os.path.isfile(path):
        raise FileNotFoundError(
            "expected a backbone's .keras file that exists; check the path. "
            f"Received: name={path!r}"
        )
    model = _load(path)
    _check_input(model, input_shape, path)
    _check_output(model, path)
    return model


def _load(path: str) -> keras.Model:
    """The model, without the optimiser and losses that it may have been saved with."""
    try:
        return keras.saving.load_model(path, compile=False)
    except Exception as error:
        # Keras raises errors of many kinds on files that it cannot read.
        raise ValueError(
            f"{path}: expected a model that Keras saved as .keras, but it cannot be read: {error}"
        ) from error


def _check_input(model: keras.Model, input_shape: tuple[int, int, int], path: str) -> None:
    """Refuses models of several inputs, or of images of another size."""
    found = model.input_shape
    expected = (None, *input_shape)
    fits = (
        isinstance(found, tuple)
        and len(found) == 4
        and all(size in (None, wanted) for size, wanted in zip(found, expected, strict=True))
    )
    if not fits:
        raise ValueError(
            f"{path}: expected a model with one input of shape {expected}, but found {found}. "
            "Choose the image size that the model was built for."
        )


def _check_output(model: keras.Model, path: str) -> None:
    """Refuses models that end before their pooling, or in several outputs."""
    found = model.output_shape
    if not (isinstance(found, tuple) and len(found) == 2 and isinstance(found[1], int)):
        raise ValueError(
            f"{path}: expected a model with features [batch, d] as its one output, but found shape "
            f"{found}. Save it with a global pooling as its last layer, and without a top."
        )
