"""Dropout whose draw is a function of seed, step and example, whatever devices share the batch."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

from hsm.layers.backend import require_tensorflow


@keras.saving.register_keras_serializable(package="hsm")
class ExampleDropout(keras.layers.Dropout):
    """Keras' dropout, drawn for the examples of a batch by their places in it.

    Formula, with u the uniform numbers of 0 to 1 that the seed, the number of training calls so far
    and an example's place in the batch decide:

        y = x / (1 - rate) where u >= rate, else 0

    Under a strategy of `tf.distribute` an example's place is that in the batch of all replicas in
    order, so that several of them drop what one would.

    Example:
        >>> dropped = ExampleDropout(0.4)(features, training=True)

    Args:
        rate: share of the inputs that is dropped, 0 to 1.
        noise_shape: as in `keras.layers.Dropout`; a first number that is not None draws once for
            all examples.
        seed: makes the draw reproducible; None draws a seed.
        **kwargs: `name` and the other arguments of `keras.layers.Layer`.

    Call arguments:
        inputs: floating-point tensor with examples on its first axis.
        training: whether anything is dropped.

    Input shape:
        Any with one axis or more.

    Output shape:
        The input's shape.

    Raises:
        RuntimeError: If Keras is not on TensorFlow.
        ValueError: As Keras raises it of a rate that is out of range.
    """

    def __init__(
        self,
        rate: float,
        noise_shape: tuple[int | None, ...] | None = None,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        require_tensorflow(type(self).__name__)
        super().__init__(rate, noise_shape=noise_shape, seed=seed, **kwargs)

    def call(self, inputs: Any, training: bool = False) -> Any:
        """Return `inputs`, in training with a share of them dropped and the others enlarged."""
        if not training or self.rate == 0:
            return inputs
        seed = tf.bitcast(tf.cast(self.seed_generator.next(), tf.uint32), tf.int32)
        kept = self._draws(tf.shape(inputs), seed) >= self.rate
        scale = 0.0 if self.rate == 1 else 1.0 / (1.0 - self.rate)
        return inputs * tf.cast(kept, inputs.dtype) * scale

    def _draws(self, shape: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
        noise = self.noise_shape or [None] * shape.shape[0]
        sizes = [shape[axis] if size is None else size for axis, size in enumerate(noise)]
        if noise[0] is not None:  # One draw for all examples.
            return tf.random.stateless_uniform(sizes, seed, alg="philox")
        first = _first_example(shape)
        # Also those of the examples before, lest a draw depend on where a batch was cut.
        until = [first + sizes[0], *sizes[1:]]
        return tf.random.stateless_uniform(until, seed, alg="philox")[first:]


def _first_example(shape: tf.Tensor) -> Any:
    """Return the place of the first example in the batch of all replicas, int32 scalar."""
    context = tf.distribute.get_replica_context()
    if context is None or context.num_replicas_in_sync == 1:
        return 0
    sizes = context.all_gather(shape[:1], axis=0)
    return tf.reduce_sum(sizes[: context.replica_id_in_sync_group])
