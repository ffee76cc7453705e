"""A batch's output in the memory of a slice, for losses that need more images at once than fit."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf

_Tensors = list[tf.Tensor]
_Loop = Callable[..., Any]


def two_pass_output(
    model: keras.Model, images: tf.Tensor, *, slice_size: int, training: bool
) -> tf.Tensor:
    """Return a model's output for a batch that goes through it in slices.

    The first pass keeps the output alone. Where a gradient by the output G comes back, a second
    pass computes each slice again and adds up what sum(G * output) gives for the weights: the exact
    gradient of any function of the whole output, in the memory of one slice. The batch is cut as
    evenly as division allows.

    Both passes start from the same state and cut the same slices, so that batch normalisation, by a
    slice's statistics, and dropout compute twice the same. The model's averages and random numbers
    move on once for each slice, as if each were a batch.

    Args:
        model: called with images, `training`; all its variables are its own, in Keras' sense.
        images: float32 [b, h, w, 3].
        slice_size: images of a slice at most, at least 1.
        training: as in the model's call.

    Returns:
        float32 [b, k].

    Raises:
        ValueError: if `slice_size` is less than 1.
    """
    if slice_size < 1:
        raise ValueError(f"expected slice_size to be at least 1. Received: slice_size={slice_size}")
    slices = _Slices(model, images, slice_size, training)
    weights = _values(model.trainable_variables)
    # Of now, not of a later read.
    state = [tf.identity(value) for value in _values(model.non_trainable_variables)]
    output, moved = slices.forward([tf.stop_gradient(value) for value in weights], state)
    for variable, value in zip(model.non_trainable_variables, moved, strict=True):
        variable.assign(value)

    @tf.custom_gradient
    def known(*values: tf.Tensor) -> tuple[tf.Tensor, _Loop]:
        return tf.identity(output), lambda upstream: slices.backward(list(values), state, upstream)

    return known(*weights)


class _Slices:
    """The slices of a batch, and the two passes over them."""

    def __init__(
        self, model: keras.Model, images: tf.Tensor, slice_size: int, training: bool
    ) -> None:
        self._model = model
        self._images = images
        self._training = training
        self._size = tf.shape(images)[0]
        self._number = -(-self._size // slice_size)

    def forward(self, weights: _Tensors, state: _Tensors) -> tuple[tf.Tensor, _Tensors]:
        """Return the output and the state after it."""

        def step(part: slice, parts: tf.TensorArray, state: _Tensors, index: tf.Tensor) -> Any:
            output, moved = self._call(weights, state, part)
            return parts.write(index, output), moved

        parts = tf.TensorArray(
            tf.float32, self._number, infer_shape=False, element_shape=[None, None]
        )
        parts, moved = self._loop(step, parts, state)
        return parts.concat(), moved

    def backward(self, weights: _Tensors, state: _Tensors, upstream: tf.Tensor) -> _Tensors:
        """Return the gradients of sum(upstream * output) by the weights."""

        def step(part: slice, sums: _Tensors, state: _Tensors, index: tf.Tensor) -> Any:
            with tf.GradientTape() as tape:
                tape.watch(weights)
                output, moved = self._call(weights, state, part)
            gradients = tape.gradient(
                output,
                weights,
                output_gradients=upstream[part],
                unconnected_gradients=tf.UnconnectedGradients.ZERO,
            )
            return [total + one for total, one in zip(sums, gradients, strict=True)], moved

        return self._loop(step, [tf.zeros_like(value) for value in weights], state)[0]

    def _call(self, weights: _Tensors, state: _Tensors, part: slice) -> tuple[tf.Tensor, _Tensors]:
        """Return a slice's output, and the state after it."""
        output, moved = self._model.stateless_call(
            weights, state, self._images[part], training=self._training
        )
        return tf.cast(output, tf.float32), list(moved)

    def _loop(self, step: _Loop, collected: Any, state: _Tensors) -> tuple[Any, _Tensors]:
        """Go through the slices, one after the other: side by side they would need their memory."""

        def body(index: tf.Tensor, collected: Any, state: _Tensors) -> Any:
            cuts = index * self._size // self._number, (index + 1) * self._size // self._number
            return index + 1, *step(slice(*cuts), collected, state, index)

        _, collected, state = tf.while_loop(
            lambda index, *_: index < self._number,
            body,
            (0, collected, state),
            parallel_iterations=1,
        )
        return collected, state


def _values(variables: list[keras.Variable]) -> _Tensors:
    return [tf.convert_to_tensor(variable.value) for variable in variables]
