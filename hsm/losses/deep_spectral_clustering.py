"""Spectral clustering with labels: the embeddings' span against the classes' indicators."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from hsm.losses.embedding_loss import EmbeddingLoss
from hsm.losses.tensors import Tensor, checked, static_shape


@keras.saving.register_keras_serializable(package="hsm")
class DeepSpectralClustering(EmbeddingLoss):
    """How much of the classes' indicators lies outside of the space that the embeddings span.

    Formula, with F the embeddings [n, d], F+ its pseudo-inverse, Y [n, c] the one-hot labels of the
    c classes in the batch, and C = Y Y+, that is 1 / n_m for two examples of one class m:

        L = c - trace(C F F+),  dL/dF = -2 (I - F F+) C (F+)^T

    The gradient is this closed form; the authors' step is half of it. Cost O(n d^2): matrices of
    n x n are never made. With a thin singular value decomposition F = U S V^T, of which singular
    values up to `threshold` times the largest are taken as 0, C U is the mean of U over each class,

        trace(C F F+) = sum(U * C U),  dL/dF = -2 (C U - U U^T C U) S^-1 V^T

    L is 0 for any n <= d embeddings of full rank, and nothing is learned: that is refused. It stays
    above 0 with more classes in a batch than dimensions. It is the same for F A, A any invertible
    matrix: it sets the span of the embeddings, not the metric inside of it. One class gives L > 0
    unless the embeddings span the constant vector. Embeddings are taken as they are, without unit
    length.

    A batch at the end of an epoch is short: drop it where it can have n <= d. A graph that does not
    know n and is compiled by XLA (jit_compile=True) cannot refuse: L and its gradient are then 0,
    up to rounding.

    Example:
        >>> model.compile("sgd", loss=DeepSpectralClustering())
        >>> history = model.fit(images, labels, batch_size=256, verbose=0)

    Args:
        threshold: share of the largest singular value up to which one counts as 0; positive and
            less than 1. The authors' 1e-15 max(n, d) is meant for float64.
        **kwargs: `name` and `reduction` of `keras.losses.Loss`; `dtype` has no effect.

    Call arguments:
        y_true: labels, `(batch,)` or `(batch, 1)`; integers of any dtype.
        y_pred: embeddings, floating-point `(batch, k)`, batch > k.

    Raises:
        ValueError: If `threshold` is out of range; in a call if a shape is another, or if the batch
            is not larger than the dimension.
        tf.errors.InvalidArgumentError: If only a running graph knows that it is not.

    Reference:
        Law, Urtasun and Zemel, Deep Spectral Clustering Learning, 2017.
    """

    def __init__(self, threshold: float = 1e-6, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if not 0.0 < threshold < 1.0:
            raise ValueError(
                "expected threshold to be positive and less than 1, a share of the largest "
                f"singular value. Received: threshold={threshold!r}"
            )
        self.threshold = float(threshold)

    def batch_loss(self, labels: Tensor, embeddings: Tensor) -> Tensor:
        """Return L with its closed-form gradient, a float32 scalar."""
        embeddings = _more_examples_than_dimensions(embeddings)
        # Stopped behind it, too: a tape outside of the graph differentiates all that it holds.
        left, values, right = (
            ops.stop_gradient(part)
            for part in ops.svd(ops.stop_gradient(embeddings), full_matrices=False)
        )
        kept = ops.cast(values > self.threshold * values[0], "float32")
        left = left * kept
        number, mean = _classes_mean(labels, left)
        outside = mean - ops.matmul(left, ops.matmul(ops.transpose(left), mean))
        inverse = ops.divide_no_nan(kept, values)
        gradient = ops.stop_gradient(-2.0 * ops.matmul(outside * inverse, right))
        # A sum whose gradient is `gradient`, and whose value is taken away again.
        carrier = ops.sum(gradient * embeddings)
        return number - ops.sum(left * mean) + carrier - ops.stop_gradient(carrier)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "threshold": self.threshold}


def _classes_mean(labels: Tensor, rows: Tensor) -> tuple[Tensor, Tensor]:
    """Return the number of classes, float32, and every row's class mean, float32 [n, d]."""
    # The place of a class's first label among the sorted ones numbers the class.
    number = ops.searchsorted(ops.sort(labels), labels)
    size = ops.shape(labels)[0]
    counts = ops.segment_sum(ops.ones_like(rows[:, 0]), number, size)
    sums = ops.segment_sum(rows, number, size)
    mean = ops.take(ops.divide_no_nan(sums, counts[:, None]), number, axis=0)
    return ops.sum(ops.cast(counts > 0.0, "float32")), mean


def _more_examples_than_dimensions(embeddings: Tensor) -> Tensor:
    rule = (
        "expected more images in a batch than the embedding has dimensions, because without that "
        "the loss is 0 and nothing is learned: a larger batch, without a short one at the end, or "
        "fewer dimensions"
    )
    batch, dimensions = static_shape(embeddings) or (None, None)
    if batch is not None and dimensions is not None and batch <= dimensions:
        raise ValueError(f"{rule}. Received: shape=({batch}, {dimensions})")
    shape = ops.shape(embeddings)
    return checked(embeddings, ("greater", shape[0], shape[1], rule))
