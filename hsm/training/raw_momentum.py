"""SGD whose momentum accumulates gradients without the learning rate, as TensorFlow 1's did."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="hsm")
class RawMomentumSGD(keras.optimizers.SGD):
    """SGD with the learning rate outside of the momentum.

    Formula, with g the gradient and m the momentum:

        a = m * a + g                      Keras' SGD:  v = m * v - learning_rate * g
        w = w - learning_rate * a                       w = w + v

    While the learning rate is constant both take the same steps, v = -learning_rate * a. When it is
    cut, the gradients accumulated so far count with the new rate here and with the old one there,
    which goes on for some 1 / (1 - m) steps. TensorFlow 1's MomentumOptimizer, which the released
    code cuts the rate of at the heat-up switch, is this one.

    Args:
        learning_rate: a number or a schedule of Keras.
        momentum: m, 0 to 1.
        **kwargs: the other arguments of `keras.optimizers.SGD`.

    Raises:
        ValueError: With `nesterov=True`, which the released code does not use.
    """

    def __init__(self, learning_rate: Any = 0.01, momentum: float = 0.9, **kwargs: Any) -> None:
        super().__init__(learning_rate, momentum, **kwargs)
        if self.nesterov:
            raise ValueError(
                "expected nesterov=False: the released code's momentum is the plain one. "
                "Received: nesterov=True"
            )

    def update_step(self, gradient: Any, variable: keras.Variable, learning_rate: Any) -> None:
        """Update `variable` and its accumulated gradient once."""
        if self.momentum == 0:
            super().update_step(gradient, variable, learning_rate)
            return
        accumulated = self.momentums[self._get_variable_index(variable)]
        momentum = ops.cast(self.momentum, variable.dtype)
        rate = ops.cast(learning_rate, variable.dtype)
        self.assign(accumulated, accumulated * momentum + ops.cast(gradient, variable.dtype))
        self.assign_sub(variable, accumulated * rate)
