"""Scaling vectors to unit length: the embedding of the methods LN and HLN (section 3.3)."""

from __future__ import annotations

import math
from typing import Any

import keras
import numpy as np
from keras import ops


@keras.saving.register_keras_serializable(package="hsm")
class L2Normalize(keras.layers.Layer):
    """Scales vectors to unit Euclidean length.

    Formula, along `axis`:

        y = x / sqrt(max(sum(x**2), epsilon))

    For sum(x**2) > epsilon its Jacobian is that of equation 11, (I - y y^T) / ||x||, so that the
    gradient with respect to x is orthogonal to x (equation 12). Shorter vectors, the zero vector
    among them, are multiplied by the constant 1 / sqrt(epsilon): value and gradient stay finite.

    With norm_term=False the value is the same and the Jacobian is I - y y^T: the norm in the
    denominator of equation 11 is left out, so that long and short vectors get gradients alike (end
    of section 3.3).

    The layer is float32 under every dtype policy, also its own: in float16 the sum of squares of
    a vector of length 300 is already infinite. A gradient goes back in the input's dtype.

    Example:
        >>> print(L2Normalize()(np.array([[3.0, 4.0]])).numpy())
        [[0.6 0.8]]

    Args:
        axis: the axis along which vectors lie.
        epsilon: lower bound of the sum of squares; positive.
        norm_term: whether the gradient has the factor 1 / ||x|| that the value implies.
        **kwargs: `name` and the other arguments of `keras.layers.Layer`; `dtype` has no effect.

    Call arguments:
        inputs: floating-point tensor of rank 1 or more.

    Input shape:
        Any, for example `(batch, k)`.

    Output shape:
        The input's shape; dtype float32.

    Raises:
        ValueError: If `epsilon` is not a positive finite number or `axis` is not an integer.

    Reference:
        Heated-Up Softmax Embedding, section 3.3, equations 11 and 12.
    """

    def __init__(
        self, axis: int = -1, epsilon: float = 1e-12, *, norm_term: bool = True, **kwargs: Any
    ) -> None:
        super().__init__(**{**kwargs, "dtype": "float32"})
        if not isinstance(axis, int | np.integer) or isinstance(axis, bool):
            raise ValueError(f"expected axis to be an integer, such as -1. Received: axis={axis!r}")
        if not (math.isfinite(epsilon) and epsilon > 0):
            raise ValueError(
                "expected epsilon > 0 and finite, because it bounds the length that is divided by; "
                f"1e-12 is the default. Received: epsilon={epsilon!r}"
            )
        self.axis = int(axis)
        self.epsilon = epsilon
        self.norm_term = norm_term
        self.supports_masking = True

    def call(self, inputs: Any) -> Any:
        """Return `inputs` at unit length, float32."""
        squared_length = ops.sum(ops.square(inputs), axis=self.axis, keepdims=True)
        unit = inputs * ops.rsqrt(ops.maximum(squared_length, self.epsilon))
        return unit if self.norm_term else self._along_tangent(inputs, ops.stop_gradient(unit))

    def _along_tangent(self, inputs: Any, unit: Any) -> Any:
        """Return the value `unit`, whose gradient is that of (I - unit unit^T) @ inputs."""
        along = ops.sum(unit * inputs, axis=self.axis, keepdims=True)
        tangent = inputs - unit * along
        return unit + (tangent - ops.stop_gradient(tangent))

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """Return `input_shape`: lengths change, shapes do not."""
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {
            **super().get_config(),
            "axis": self.axis,
            "epsilon": self.epsilon,
            "norm_term": self.norm_term,
        }
