"""Neighbourhood component analysis with proxies: each image against learned points."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from hsm.losses.embedding_loss import integer_labels, positive
from hsm.losses.pairwise import positive_pairs, same_label
from hsm.losses.tensors import Rule, Tensor, checked, static_shape

_ASSIGNMENTS = ("static", "dynamic")
_NONE = -1e30  # finite: its exponential is 0, and its gradient is, too


@keras.saving.register_keras_serializable(package="hsm")
class ProxyNCA(keras.losses.Loss):
    """Distance to the positive proxy against distances to negative ones.

    Formula, on the squared distances d_m of an image to the proxies, as `hsm.layers.Proxies` gives
    them, with y its label:

        scale d_y + log sum_{m != y} exp(-scale d_m)

    mean over images. It can be negative. With positive_in_denominator=True the sum is over all m,
    and the loss is the cross entropy of the logits -scale d. At unit length, -scale d is a constant
    more than 2 scale times the cosine.

    assignment="dynamic" gives proxies no classes: an image's proxy is its nearest. The positive
    proxies of an image are those of the batch's other images of its class, over which the distance
    is a mean, or its own where it is the only one; the negative proxies are those of the images of
    other classes, each once, without the positive ones unless positive_in_denominator=True. The
    assignment is not differentiated. An image without a negative proxy counts 0. Which images of a
    batch take part is our reading of the paper.

    pytorch-metric-learning's `ProxyNCALoss`, and the widely used re-implementation, have the
    positive proxy in the denominator.

    Example:
        >>> model = keras.Sequential([backbone, hsm.layers.Proxies(98)])
        >>> model.compile("adam", loss=ProxyNCA(scale=8.0))

    Args:
        scale: what distances are multiplied by; positive. The paper names none.
        positive_in_denominator: whether the positive proxy is in the sum.
        assignment: "static", proxy m for class m, or "dynamic".
        **kwargs: `name` and `reduction` of `keras.losses.Loss`; `dtype` has no effect.

    Call arguments:
        y_true: labels 0..M - 1, `(batch,)` or `(batch, 1)`; integers of any dtype. With "dynamic"
            any integers.
        y_pred: squared distances to M proxies, floating-point `(batch, M)`.

    Raises:
        ValueError: If an argument is out of range; in a call if a shape is another, or if there is
            one proxy only and it may not be in the sum.
        tf.errors.InvalidArgumentError: If a label has no proxy; XLA leaves this check out.

    Reference:
        Movshovitz-Attias et al., No Fuss Distance Metric Learning using Proxies, 2017.
    """

    def __init__(
        self,
        scale: float = 1.0,
        *,
        positive_in_denominator: bool = False,
        assignment: str = "static",
        **kwargs: Any,
    ) -> None:
        super().__init__(**{**kwargs, "dtype": "float32"})
        if assignment not in _ASSIGNMENTS:
            raise ValueError(
                f"expected assignment to be one of {_ASSIGNMENTS}. "
                f"Received: assignment={assignment!r}"
            )
        self.scale = positive("scale", scale)
        self.positive_in_denominator = bool(positive_in_denominator)
        self.assignment = assignment

    def call(self, y_true: Any, y_pred: Any) -> Tensor:
        """Return every image's loss, float32 [b]."""
        distances = ops.cast(ops.convert_to_tensor(y_pred), "float32")
        self._check(static_shape(distances))
        labels = integer_labels(y_true, like=distances)
        positive, negative = self._proxies(labels, ops.stop_gradient(distances))
        # Of every positive proxy its share: 1, or of several images' proxies a mean.
        near = ops.sum(positive * distances, axis=1)
        among = positive > 0.0
        if not self.positive_in_denominator:
            negative = negative & ~among
            among = ops.zeros_like(among)
        terms = ops.where(among | negative, -self.scale * distances, _NONE)
        loss = self.scale * near + ops.logsumexp(terms, axis=1)
        return ops.where(ops.any(negative, axis=1), loss, 0.0)

    def _check(self, shape: tuple[int | None, ...] | None) -> None:
        if shape is None:
            return
        alone = shape[1:] == (1,) and not self.positive_in_denominator
        if len(shape) != 2 or alone:
            raise ValueError(
                "expected squared distances (batch, proxies) to at least two proxies, as "
                f"hsm.layers.Proxies returns them. Received: shape={shape}"
            )

    def _proxies(self, labels: Tensor, distances: Tensor) -> tuple[Tensor, Tensor]:
        """Return positive proxies' shares, float32 [b, M], and negative proxies, bool [b, M]."""
        proxies = ops.arange(ops.shape(distances)[1], dtype="int32")[None]
        if self.assignment == "static":
            labels = checked(labels, *_rules(labels, ops.shape(distances)[1]))
            own = ops.cast(labels[:, None] == proxies, "float32")
            return own, own == 0.0
        closest = ops.cast(ops.argmin(distances, axis=1), "int32")
        nearest = ops.cast(closest[:, None] == proxies, "float32")
        same = ops.cast(same_label(labels), "float32")
        others = ops.cast(positive_pairs(labels), "float32")
        mates = ops.sum(others, axis=1, keepdims=True)
        shares = ops.divide_no_nan(ops.matmul(others, nearest), mates)
        positive = ops.where(mates > 0.0, shares, nearest)
        return positive, ops.matmul(1.0 - same, nearest) > 0.0

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {
            **super().get_config(),
            "scale": self.scale,
            "positive_in_denominator": self.positive_in_denominator,
            "assignment": self.assignment,
        }


def _rules(labels: Tensor, number: Any) -> list[Rule]:
    text = "expected labels of 0 or more and less than the number of proxies"
    return [("less", labels, number, text), ("greater_equal", labels, 0, text)]
