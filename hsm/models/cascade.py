"""Three heads at three depths of a network, as hard-aware deeply cascaded embedding has them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from hsm.layers import L2Normalize
from hsm.models.seeds import initializer_seeds

NUM_HEADS = 3
# How much each head counts when images are compared, from the shallowest: the released code's.
_WEIGHTS = (1.0, 2.0, 3.0)
# GoogLeNet's side classifiers: average pooling, a 1x1 convolution, a dense layer, dropout.
_WINDOW, _STRIDE = 5, 3
_FILTERS, _UNITS = 128, 1024
_SIDE_DROPOUT, _LAST_DROPOUT = 0.7, 0.4
# The released code's: how many times faster than their kernels the last layers' biases learn.
_BIAS_RATE = 2.0


def head_widths(embedding_dim: int) -> tuple[int, ...]:
    """Return the widths of the three heads: as even as can be, what is left to the deepest.

    64 is 21 + 21 + 22, and 384 the original 128 each.

    Raises:
        ValueError: if there is not one dimension for each.
    """
    if embedding_dim < NUM_HEADS:
        raise ValueError(
            f"expected embedding_dim to be {NUM_HEADS} or more, one for each head. "
            f"Received: embedding_dim={embedding_dim}"
        )
    return tuple((embedding_dim + place) // NUM_HEADS for place in range(NUM_HEADS))


@keras.saving.register_keras_serializable(package="hsm")
class CascadedHeads(keras.layers.Layer):
    """From two maps and the pooled feature to three heads side by side, weighted for comparing.

    Formula, with the three heads' outputs x_1, x_2, x_3:

        [1 x_1 / ||x_1||, 2 x_2 / ||x_2||, 3 x_3 / ||x_3||]

    The first two heads are as GoogLeNet's side classifiers up to their last layer: average pooling
    of 5x5 places with stride 3 (of the whole map where it is smaller), a 1x1 convolution of 128
    channels, a dense layer of 1024, dropout of 0.7, a dense layer. The third is dropout of 0.4 and
    a dense layer on the pooled feature. All is float32.

    Args:
        embedding_dim: the heads' total width, see `head_widths`.
        last_rate: how many times the network's learning rate the last layers' kernels learn with,
            in `hsm.training.TrainStep`, and their biases with twice as many.
        seed: makes initialisation and dropout reproducible; None leaves them random.
        **kwargs: `name` and the other arguments of `keras.layers.Layer`; `dtype` has no effect.

    Call arguments:
        inputs: a list: two maps, floating-point [b, h, w, c], and the feature, [b, d].
        training: whether dropout is active.

    Reference:
        Yuan, Yang and Zhang, Hard-Aware Deeply Cascaded Embedding, 2017, and its released code.
    """

    def __init__(
        self,
        embedding_dim: int,
        *,
        last_rate: float = 10.0,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**{**kwargs, "dtype": "float32"})
        self.last_rate = float(last_rate)
        self.embedding_dim = int(embedding_dim)
        self.widths = head_widths(embedding_dim)
        self.seed = seed
        self._unit_length = L2Normalize(name="unit_length")

    def build(self, input_shape: Sequence[tuple[int | None, ...]]) -> None:
        """Make the heads for two maps and a feature of these shapes."""
        seeds = np.reshape(
            np.array(initializer_seeds(self.seed, "cascade", 4 * NUM_HEADS)), (NUM_HEADS, 4)
        )
        sides = zip(input_shape[:2], self.widths[:2], seeds[:2].tolist(), strict=True)
        self.first, self.second = (
            keras.Sequential(_side(shape, width, own), name=f"head{place}")
            for place, (shape, width, own) in enumerate(sides, start=1)
        )
        last = _last(self.widths[2], _LAST_DROPOUT, seeds[2, 2:].tolist())
        self.third = keras.Sequential(last, name=f"head{NUM_HEADS}")
        for head, shape in zip(self._heads, input_shape, strict=True):
            head.build(tuple(shape))
            head.layers[-1].kernel.rate_multiplier = self.last_rate
            head.layers[-1].bias.rate_multiplier = _BIAS_RATE * self.last_rate
        self._unit_length.build((None, self.embedding_dim))

    @property
    def _heads(self) -> tuple[keras.Sequential, ...]:
        return self.first, self.second, self.third

    def call(self, inputs: Sequence[Any], training: bool = False) -> Any:
        """Return the weighted heads, float32 [b, embedding_dim]."""
        outputs = [
            weight * self._unit_length(head(x, training=training))
            for head, x, weight in zip(self._heads, inputs, _WEIGHTS, strict=True)
        ]
        return ops.concatenate(outputs, axis=-1)

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, int]:
        """Return `(batch, embedding_dim)`."""
        return (input_shape[0][0], self.embedding_dim)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {
            **super().get_config(),
            "embedding_dim": self.embedding_dim,
            "last_rate": self.last_rate,
            "seed": self.seed,
        }


@keras.saving.register_keras_serializable(package="hsm")
class UnitLengthHeads(keras.layers.Layer):
    """Scales each of three heads side by side to unit length: what the heads' loss compares.

    Args:
        embedding_dim: the heads' total width, see `head_widths`.
        **kwargs: `name` and the other arguments of `keras.layers.Layer`; `dtype` has no effect.

    Call arguments:
        inputs: floating-point tensor [b, embedding_dim].
    """

    def __init__(self, embedding_dim: int, **kwargs: Any) -> None:
        super().__init__(**{**kwargs, "dtype": "float32"})
        self.embedding_dim = int(embedding_dim)
        self._ends = np.cumsum(head_widths(embedding_dim))[:-1].tolist()
        self._unit_length = L2Normalize(name="unit_length")

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Build the normalisation, which has no weights."""
        self._unit_length.build(input_shape)

    def call(self, inputs: Any) -> Any:
        """Return the heads at unit length, float32 [b, embedding_dim]."""
        heads = ops.split(inputs, self._ends, axis=-1)
        return ops.concatenate([self._unit_length(head) for head in heads], axis=-1)

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """Return `input_shape`."""
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "embedding_dim": self.embedding_dim}


def _side(
    shape: tuple[int | None, ...], width: int, seeds: Sequence[int | None]
) -> list[keras.layers.Layer]:
    """Return a head on a map of this shape."""
    window = tuple(min(_WINDOW, side or _WINDOW) for side in shape[1:3])
    places = {"data_format": "channels_last", "dtype": "float32"}
    return [
        keras.layers.AveragePooling2D(window, _STRIDE, name="pool", **places),
        keras.layers.Conv2D(
            _FILTERS,
            1,
            activation="relu",
            kernel_initializer=_initializer(seeds[0]),
            name="conv",
            **places,
        ),
        keras.layers.Flatten(name="flatten", **places),
        keras.layers.Dense(
            _UNITS,
            activation="relu",
            kernel_initializer=_initializer(seeds[1]),
            dtype="float32",
            name="fc",
        ),
        *_last(width, _SIDE_DROPOUT, seeds[2:]),
    ]


def _last(width: int, dropout: float, seeds: Sequence[int | None]) -> list[keras.layers.Layer]:
    """Return dropout and the layer whose output is a head's embedding."""
    return [
        keras.layers.Dropout(dropout, seed=seeds[0], dtype="float32", name="dropout"),
        keras.layers.Dense(
            width, kernel_initializer=_initializer(seeds[1]), dtype="float32", name="embedding"
        ),
    ]


def _initializer(seed: int | None) -> keras.Initializer:
    """Return variance 2 / fan-in, as the bottleneck of the other methods."""
    return keras.initializers.VarianceScaling(2.0, "fan_in", "truncated_normal", seed=seed)
