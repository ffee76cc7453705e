"""A backbone with the moving variances that TensorFlow 1 keeps."""

from __future__ import annotations

import keras

from hsm.layers import UnbiasedBatchNormalization


def with_unbiased_variance(backbone: keras.Model) -> keras.Model:
    """Returns `backbone` with every batch normalisation an `UnbiasedBatchNormalization`.

    Names, weights and dtype policies stay. A backbone without batch normalisation is returned as
    it is.

    Args:
        backbone: a functional or sequential model; it is not to be used any more.

    Raises:
        ValueError: for a subclassed model, whose layers cannot be exchanged.
    """
    if not any(_is_exchanged(layer) for layer in backbone._flatten_layers()):
        return backbone
    if not isinstance(backbone, keras.Sequential) and not hasattr(backbone, "operations"):
        raise ValueError(
            "expected a functional or sequential backbone, whose batch normalisations can be "
            "exchanged; use unbiased_variance=False with others. "
            f"Received: {type(backbone).__name__}"
        )
    clone = keras.models.clone_model(backbone, clone_function=_clone, recursive=True)
    clone.set_weights(backbone.get_weights())
    return clone


def _is_exchanged(layer: keras.layers.Layer) -> bool:
    # A subclass may do anything with its statistics, and is left alone.
    return type(layer) is keras.layers.BatchNormalization


def _clone(layer: keras.layers.Layer) -> keras.layers.Layer:
    made = UnbiasedBatchNormalization if _is_exchanged(layer) else type(layer)
    return made.from_config(layer.get_config())
