"""Batch normalisation whose moving variance is the unbiased one, as TensorFlow 1 kept it."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="hsm")
class UnbiasedBatchNormalization(keras.layers.BatchNormalization):
    """Keras' batch normalisation, with Bessel's correction in its moving variance.

    Formula, for the n values of a feature in a training batch:

        y = (x - mean) / sqrt(variance + epsilon) * gamma + beta          variance = sum(...) / n
        moving_variance = momentum * moving_variance
                          + (1 - momentum) * variance * n / (n - 1)

    TensorFlow 1's fused kernel, which the released code trains with, normalises a training batch by
    its biased variance, as Keras does, but averages the unbiased one for inference. Of a single
    value the variance is 0 and is taken as it is.

    Example:
        >>> normalised = UnbiasedBatchNormalization(momentum=0.95)(features, training=True)

    Args:
        **kwargs: the arguments of `keras.layers.BatchNormalization`.

    Call arguments:
        inputs: floating-point tensor with the features on `axis`.
        training: whether the batch's own statistics normalise it.
        mask: none, or which values count, as in Keras; n counts all of them.

    Input shape:
        Any with two axes or more.

    Output shape:
        The input's shape.

    Raises:
        ValueError: With `synchronized=True`, because n counts the values of one replica.
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if self.synchronized:
            raise ValueError(
                "expected synchronized=False, because the correction n / (n - 1) counts the values "
                "of one replica. Received: synchronized=True"
            )

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        """Return the normalised `inputs`; in training, update the moving averages."""
        if not (training and self.trainable):
            return super().call(inputs, training=training, mask=mask)
        kept = self.momentum * self.moving_variance
        outputs = super().call(inputs, training=training, mask=mask)
        added = self.moving_variance - kept
        self.moving_variance.assign(kept + added * self._correction(inputs))
        return outputs

    def _correction(self, inputs: Any) -> Any:
        """Return n / (n - 1), float32."""
        values = ops.size(inputs) // ops.shape(inputs)[self.axis]
        count = ops.cast(values, "float32")
        return count / ops.maximum(count - 1.0, 1.0)
