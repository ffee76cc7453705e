"""Batch normalisation without a learned scale: the embedding of BN and HBN (section 3.3)."""

from __future__ import annotations

import math
from typing import Any

import keras

from hsm.layers.unbiased_batch_norm import UnbiasedBatchNormalization


@keras.saving.register_keras_serializable(package="hsm")
class ScalelessBatchNorm(keras.layers.Layer):
    """Batch-normalises features without a learned scale and divides them by sqrt(k).

    Formula (equation 13), for features of k dimensions on the last axis:

        y = ((f - mean) / sqrt(variance + epsilon) + beta) / sqrt(k)

    In training, mean and (biased) variance are the batch's, over every axis but the last, and the
    moving averages follow: average = momentum * average + (1 - momentum) * batch. In inference
    they are the moving averages. Each normalised dimension has variance 1, hence the squared
    length of y is 1 on average (while beta is 0): softly the unit length of `L2Normalize`.

    The layer is float32 under every dtype policy, also its own. A gradient goes back in the
    input's dtype.

    Example:
        >>> normalised = ScalelessBatchNorm()(features, training=True)  # float32 [b, 64]

    Args:
        momentum: decay of the moving averages, 0 <= momentum < 1.
        epsilon: added to the variance; positive.
        center: whether the offset beta is learned; without it beta = 0.
        synchronized: whether replicas of a distribution strategy share the batch's statistics.
        unbiased_variance: whether the moving variance is the batch's times n / (n - 1), as in the
            released code; see `UnbiasedBatchNormalization`. Not together with `synchronized`.
        **kwargs: `name` and the other arguments of `keras.layers.Layer`; `dtype` has no effect.

    Call arguments:
        inputs: floating-point tensor with the features on its last axis.
        training: whether the batch's own statistics normalise it.

    Input shape:
        `(batch, ..., k)` with k known.

    Output shape:
        The input's shape; dtype float32.

    Raises:
        ValueError: If an argument is out of range; in `build` if k is unknown; in a training call
            whose static shape holds a single value per feature, of which the variance is 0.

    Reference:
        Heated-Up Softmax Embedding, section 3.3, equation 13.
    """

    def __init__(
        self,
        momentum: float = 0.95,
        epsilon: float = 1e-3,
        *,
        center: bool = True,
        synchronized: bool = False,
        unbiased_variance: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**{**kwargs, "dtype": "float32"})
        if not 0.0 <= momentum < 1.0:
            raise ValueError(
                "expected 0 <= momentum < 1, the decay of the moving averages; 0.95 is the "
                f"default. Received: momentum={momentum!r}"
            )
        if not (math.isfinite(epsilon) and epsilon > 0):
            raise ValueError(
                "expected epsilon > 0 and finite, because it bounds the deviation that is divided "
                f"by; 1e-3 is the default. Received: epsilon={epsilon!r}"
            )
        self.momentum = momentum
        self.epsilon = epsilon
        self.center = center
        self.synchronized = synchronized
        self.unbiased_variance = unbiased_variance
        make = UnbiasedBatchNormalization if unbiased_variance else keras.layers.BatchNormalization
        self.batch_norm = make(
            momentum=momentum,
            epsilon=epsilon,
            center=center,
            scale=False,
            synchronized=synchronized,
            dtype="float32",
            name="batch_norm",
        )

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Make beta and the moving averages, float32 [k]."""
        if len(input_shape) < 2 or input_shape[-1] is None:
            raise ValueError(
                "expected inputs of shape (batch, ..., k) with k known, because features are "
                f"divided by sqrt(k). Received: input_shape={tuple(input_shape)}"
            )
        self.batch_norm.build(input_shape)

    def call(self, inputs: Any, training: bool = False) -> Any:
        """Return the normalised `inputs` over sqrt(k), float32."""
        if training and self.batch_norm.trainable and not self.synchronized:
            _check_batch(tuple(inputs.shape))
        normalized = self.batch_norm(inputs, training=training)
        return normalized / math.sqrt(inputs.shape[-1])

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """Return `input_shape`: values change, shapes do not."""
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {
            **super().get_config(),
            "momentum": self.momentum,
            "epsilon": self.epsilon,
            "center": self.center,
            "synchronized": self.synchronized,
            "unbiased_variance": self.unbiased_variance,
        }


def _check_batch(shape: tuple[int | None, ...]) -> None:
    """Raise ValueError if `shape` is known to hold one value per feature."""
    if all(size == 1 for size in shape[:-1]):
        raise ValueError(
            "expected a training batch of more than one value per feature, because the variance "
            "of a single value is 0 and normalises it away. Merge a last batch of one example into "
            f"the batch before it, or call with training=False. Received: inputs.shape={shape}"
        )
