"""A backbone some of whose layers are exchanged for others of the same weights."""

from __future__ import annotations

import keras

from hsm.layers import ExampleDropout, UnbiasedBatchNormalization


def with_unbiased_variance(backbone: keras.Model) -> keras.Model:
    """Return `backbone` with every batch normalisation an `UnbiasedBatchNormalization`.

    Names, weights and dtype policies stay. A backbone without batch normalisation is returned as
    it is.

    Args:
        backbone: a functional or sequential model; it is not to be used any more.

    Raises:
        ValueError: for a subclassed model, whose layers cannot be exchanged.
    """
    old = keras.layers.BatchNormalization
    if _has(backbone, old) and not _is_exchangeable(backbone):
        raise ValueError(
            "expected a functional or sequential backbone, whose batch normalisations can be "
            f"exchanged. Received: {type(backbone).__name__}. Use unbiased_variance=False with "
            "others."
        )
    return _exchanged(backbone, old, UnbiasedBatchNormalization)


def with_example_dropout(backbone: keras.Model) -> keras.Model:
    """Return `backbone` with every dropout an `ExampleDropout`.

    A backbone without dropout, and a subclassed one, whose layers cannot be exchanged, is returned
    as it is.

    Args:
        backbone: it is not to be used any more.
    """
    if not _is_exchangeable(backbone):
        return backbone
    return _exchanged(backbone, keras.layers.Dropout, ExampleDropout)


def _exchanged(
    backbone: keras.Model, old: type[keras.layers.Layer], new: type[keras.layers.Layer]
) -> keras.Model:
    if not _has(backbone, old):
        return backbone

    def clone(layer: keras.layers.Layer) -> keras.layers.Layer:
        return (new if type(layer) is old else type(layer)).from_config(layer.get_config())

    made = keras.models.clone_model(backbone, clone_function=clone, recursive=True)
    made.set_weights(backbone.get_weights())
    return made


def _has(backbone: keras.Model, kind: type[keras.layers.Layer]) -> bool:
    # A subclass may do anything, and is left alone.
    return any(type(layer) is kind for layer in backbone._flatten_layers())


def _is_exchangeable(backbone: keras.Model) -> bool:
    return isinstance(backbone, keras.Sequential) or hasattr(backbone, "operations")
