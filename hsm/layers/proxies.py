"""One learned point for each class, and how far embeddings lie from it."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import ops

from hsm.layers.l2_normalize import L2Normalize


@keras.saving.register_keras_serializable(package="hsm")
class Proxies(keras.layers.Layer):
    """Squared Euclidean distances between directions and one learned proxy for each class.

    Formula, with x_hat and p_hat_m at unit length:

        d_m = ||x_hat - p_hat_m||^2 = 2 - 2 (x_hat . p_hat_m)

    A loss that holds no variables takes these distances, as ProxyNCA does. The layer is float32
    under every dtype policy.

    Example:
        >>> proxies = Proxies(98, rate_multiplier=50.0)
        >>> distances = proxies(features)  # float32 [b, 98], 0 to 4

    Args:
        units: the number M of classes; at least 1.
        rate_multiplier: how many times the network's learning rate the proxies learn with, in
            `hsm.training.TrainStep`; positive. `model.fit` knows one rate only.
        initializer: initialiser of the proxies, [k, M]. By default their length is about 1.
        **kwargs: `name` and the other arguments of `keras.layers.Layer`; `dtype` has no effect.

    Call arguments:
        inputs: floating-point tensor with the features on its last axis.

    Input shape:
        `(batch, k)` with k known.

    Output shape:
        `(batch, units)`; dtype float32.

    Raises:
        ValueError: If an argument is out of range; in `build` if k is unknown.

    Reference:
        Movshovitz-Attias et al., No Fuss Distance Metric Learning using Proxies, 2017.
    """

    def __init__(
        self,
        units: int,
        *,
        rate_multiplier: float = 1.0,
        initializer: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**{**kwargs, "dtype": "float32"})
        if not isinstance(units, int | np.integer) or isinstance(units, bool) or units < 1:
            raise ValueError(
                "expected units to be an integer of at least 1, the number of classes. "
                f"Received: units={units!r}"
            )
        if not 0.0 < rate_multiplier < float("inf"):
            raise ValueError(
                "expected rate_multiplier to be positive and finite. "
                f"Received: rate_multiplier={rate_multiplier!r}"
            )
        self.units = int(units)
        self.rate_multiplier = float(rate_multiplier)
        self.initializer = keras.initializers.get(
            initializer or keras.initializers.VarianceScaling(1.0, "fan_in")
        )
        self._rows = L2Normalize()
        self._columns = L2Normalize(axis=0)

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Make the proxies, float32 [k, units]."""
        if len(input_shape) != 2 or input_shape[-1] is None:
            raise ValueError(
                "expected inputs of shape (batch, k) with k known, because a proxy has k "
                f"dimensions. Received: input_shape={tuple(input_shape)}"
            )
        self.proxies = self.add_weight(
            name="proxies", shape=(input_shape[-1], self.units), initializer=self.initializer
        )
        self.proxies.rate_multiplier = self.rate_multiplier
        # Keras' quantize refuses layers that are not built.
        self._rows.build(input_shape)
        self._columns.build(self.proxies.shape)

    def call(self, inputs: Any) -> Any:
        """Return the squared distances, float32 [b, units]."""
        cosines = ops.matmul(self._rows(inputs), self._columns(self.proxies))
        return 2.0 - 2.0 * cosines

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """Return `(batch, units)`."""
        return (input_shape[0], self.units)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {
            **super().get_config(),
            "units": self.units,
            "rate_multiplier": self.rate_multiplier,
            "initializer": keras.initializers.serialize(self.initializer),
        }
