"""The classifier whose temperature is turned up: softmax logits times alpha (section 3.1)."""

from __future__ import annotations

import math
from typing import Any

import keras
import numpy as np
from keras import ops

from hsm.layers.l2_normalize import L2Normalize


@keras.saving.register_keras_serializable(package="hsm")
class TemperatureSoftmaxDense(keras.layers.Layer):
    """Dense classifier whose logits are multiplied by alpha = 1 / temperature.

    Formula, with W = [w_1 ... w_M] the kernel of shape (k, units):

        logits = alpha * (x @ W_hat + b)      scale_bias=True, equation 1
        logits = alpha * (x @ W_hat) + b      scale_bias=False, the released code

    W_hat is W with every column, that is every class's weights, at unit length (its zero columns
    stay zero), or W itself with normalize_kernel=False; b is 0 with use_bias=False. The softmax of
    the logits is p(m | x, alpha).

    `alpha` is a float32 variable that is saved with the weights, and is trained with them only if
    learn_alpha=True. `layer.alpha = 4.0` and `layer.alpha.assign(4.0)` both change its value in
    place, also between two calls of a compiled graph, which is never traced again;
    `float(layer.alpha)` reads it. The configuration keeps the value that the constructor got.

    The layer is float32 under every dtype policy, also its own. A gradient goes back in the
    input's dtype: feed float32, because alpha = 64 under a loss scale of 2**15 exceeds float16.

    Example:
        >>> classifier = TemperatureSoftmaxDense(98, alpha=16.0)
        >>> logits = classifier(features)  # float32 [b, 98]
        >>> classifier.alpha = 4.0  # heated up

    Args:
        units: the number M of classes; at least 1.
        alpha: initial reciprocal of the temperature; positive and finite.
        normalize_kernel: whether each class's weights are scaled to unit length.
        use_bias: whether there is a learned bias, initially 0.
        scale_bias: whether alpha multiplies the bias, too.
        learn_alpha: whether alpha is trained with the weights.
        activation: applied to the logits: None, a name such as "softmax", or a callable.
        kernel_initializer: initialiser of W. By default its columns' length is about 1.
        **kwargs: `name` and the other arguments of `keras.layers.Layer`; `dtype` has no effect.

    Call arguments:
        inputs: floating-point tensor with the features on its last axis.

    Input shape:
        `(batch, ..., k)` with k known.

    Output shape:
        `(batch, ..., units)`; dtype float32.

    Raises:
        ValueError: If an argument is out of range; in `build` if k is unknown.

    Reference:
        Heated-Up Softmax Embedding, section 3.1, equation 1.
    """

    def __init__(  # noqa: PLR0913
        self,
        units: int,
        alpha: float = 16.0,
        *,
        normalize_kernel: bool = True,
        use_bias: bool = True,
        scale_bias: bool = True,
        learn_alpha: bool = False,
        activation: Any = None,
        kernel_initializer: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**{**kwargs, "dtype": "float32"})
        if not isinstance(units, int | np.integer) or isinstance(units, bool) or units < 1:
            raise ValueError(
                "expected units to be an integer of at least 1, the number of classes. "
                f"Received: units={units!r}"
            )
        self.units = int(units)
        self.initial_alpha = _checked_alpha(alpha)
        self.normalize_kernel = normalize_kernel
        self.use_bias = use_bias
        self.scale_bias = scale_bias
        self.learn_alpha = learn_alpha
        self.activation = keras.activations.get(activation)
        self.kernel_initializer = keras.initializers.get(
            kernel_initializer or keras.initializers.VarianceScaling(1.0, "fan_in")
        )
        self._unit_length = L2Normalize(axis=0)
        self._alpha = self._add_alpha()

    def _add_alpha(self) -> keras.Variable:
        """Make the variable `alpha`, which replicas hold in common."""
        return self.add_weight(
            name="alpha",
            shape=(),
            initializer=keras.initializers.Constant(self.initial_alpha),
            trainable=self.learn_alpha,
            aggregation="none" if self.learn_alpha else "only_first_replica",
        )

    @property
    def alpha(self) -> keras.Variable:
        """The reciprocal of the temperature, a float32 scalar variable; assigning keeps it."""
        return self._alpha

    @alpha.setter
    def alpha(self, value: float) -> None:
        self._alpha.assign(_checked_alpha(value))

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Make kernel, float32 [k, units], and bias, float32 [units]."""
        if input_shape[-1] is None:
            raise ValueError(
                "expected inputs of shape (batch, ..., k) with k known, because the kernel has k "
                f"rows. Received: input_shape={tuple(input_shape)}"
            )
        self.kernel = self.add_weight(
            name="kernel",
            shape=(input_shape[-1], self.units),
            initializer=self.kernel_initializer,
        )
        # Keras' quantize refuses layers that are not built, also where none of their calls ran.
        self._unit_length.build(self.kernel.shape)
        self.bias = None
        if self.use_bias:
            self.bias = self.add_weight(name="bias", shape=(self.units,), initializer="zeros")

    def call(self, inputs: Any) -> Any:
        """Return `activation(logits)`, float32."""
        kernel = self._unit_length(self.kernel) if self.normalize_kernel else self.kernel
        logits = ops.matmul(inputs, kernel)
        if self.bias is None:
            logits = self.alpha * logits
        elif self.scale_bias:
            logits = self.alpha * (logits + self.bias)
        else:
            logits = self.alpha * logits + self.bias
        return self.activation(logits)

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """Return `input_shape` with `units` on the last axis."""
        return (*input_shape[:-1], self.units)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments; `alpha` is the initial one."""
        return {
            **super().get_config(),
            "units": self.units,
            "alpha": self.initial_alpha,
            "normalize_kernel": self.normalize_kernel,
            "use_bias": self.use_bias,
            "scale_bias": self.scale_bias,
            "learn_alpha": self.learn_alpha,
            "activation": keras.activations.serialize(self.activation),
            "kernel_initializer": keras.initializers.serialize(self.kernel_initializer),
        }


def _checked_alpha(alpha: float) -> float:
    """Return `alpha` as a float; raise ValueError unless it is positive and finite."""
    value = float(alpha)
    if not (math.isfinite(value) and value > 0):
        raise ValueError(
            "expected alpha > 0 and finite, the reciprocal of the softmax's temperature; the paper "
            f"heats up from 16 to 4. Received: alpha={alpha!r}"
        )
    return value
