"""Whether a network has lost its features: different classes became one point.

Too large an update does it, and no later one mends it: Adam moves every weight by about the
learning rate in its first steps, however small the gradient, unless its epsilon is larger.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import ArrayLike

from hsm.training.loop import TrainingData

_FIRST_LOOK = 16
_NEVER = -1
# Of 1 − cosine.
_ALIKE = 1e-3
_LOST = 1e-5  # A quarter of a degree.
_SHRUNK = 10.0
_RECOVERED = 2.0


@dataclass(frozen=True)
class Collapse:
    """Where features were seen to have become one.

    Attributes:
        epoch: number of the epoch, from 1.
        step: step of the epoch, from 1, before which they were looked at.
        cosine: `mean_cosine` of that step's batch.
        start: that of the first batch, with the weights that training started from.
    """

    epoch: int
    step: int
    cosine: float
    start: float


class CollapseWatch:
    """Looks at the pooled features of a batch now and then, and tells once that they collapsed.

    The looks come after 16, 32, 64, 128 … updates, so that their cost, a forward pass each, does
    not grow with the training. An update itself costs nothing more.

    Args:
        data: the batches; that of epoch 1, step 0 is looked at here and now.
        backbone: from images to pooled features, with the weights that training starts from: not
            yet those of a checkpoint.
        tell: told of the collapse.
    """

    def __init__(
        self, data: TrainingData, backbone: keras.Model, tell: Callable[[Collapse], None]
    ) -> None:
        self._data = data
        self._backbone = backbone
        self._tell = tell
        self._cosines = [pooled_cosine(backbone, *next(iter(data.batches(1, 0))))]
        self._updates = 0
        self._next_look = _FIRST_LOOK

    @property
    def data(self) -> TrainingData:
        """The same batches, watched while they are taken."""
        return replace(self._data, batches=self._batches)

    def _batches(self, epoch: int, first: int) -> Iterator[tuple[Any, Any]]:
        batches = self._data.batches(epoch, first)
        for step, (images, labels) in enumerate(batches, start=first + 1):
            if self._updates == self._next_look:
                self._look(epoch, step, pooled_cosine(self._backbone, images, labels))
            self._updates += 1
            yield images, labels

    def _look(self, epoch: int, step: int, cosine: float) -> None:
        self._next_look *= 2
        self._cosines.append(cosine)
        if has_collapsed(self._cosines):
            self._next_look = _NEVER
            self._tell(Collapse(epoch, step, cosine, self._cosines[0]))


def mean_cosine(features: ArrayLike, labels: ArrayLike) -> float:
    """Return the mean cosine of two features of different classes.

    Features of the same class do not count: training is there to make them alike. A feature of
    zeros is like another one of zeros and like no other.

    Args:
        features: [b, d], of any floating-point type.
        labels: int [b], the features' classes.

    Returns:
        −1..1; NaN where there are no two classes, or a feature is not finite.
    """
    vectors, classes = np.asarray(features, np.float64), np.asarray(labels)
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    is_zero = lengths == 0
    directions = np.hstack([vectors / np.where(is_zero, 1.0, lengths), is_zero])
    cosines = (directions @ directions.T)[classes[:, None] != classes]
    return float(cosines.mean()) if cosines.size else float("nan")


def has_collapsed(cosines: Sequence[float]) -> bool:
    """Return whether features have lost what told classes apart, and do not find it again.

    With d what a mean cosine lacks of 1, they have where at both of the last two looks d is less
    than 0.001 and less than a tenth of what it was at the start, and between these two d has not
    doubled, or is still less than 0.00001. That is silent on

    - networks without batch normalisation whose features are this alike from the start, and which
      learn nevertheless;
    - networks that too large a first step threw together and that find their way out: d then
      grows from look to look, as the number of updates doubles.

    Args:
        cosines: `mean_cosine` of a batch before the first update, and at each look after it. A NaN
            among the three that count is no collapse.
    """
    if len(cosines) < 3:
        return False
    start, before, now = (1.0 - cosines[index] for index in (0, -2, -1))
    are_alike = all(d < _ALIKE and d * _SHRUNK < start for d in (before, now))
    return are_alike and (now < _LOST or now < _RECOVERED * before)


def pooled_cosine(backbone: keras.Model, images: Any, labels: Any) -> float:
    """Return `mean_cosine` of what `backbone` makes of a batch as in training, changing nothing.

    Averages of batch normalisation and the states of random numbers stay as they are.

    Args:
        backbone: from images to pooled features [b, d].
        images: uint8 or float [b, h, w, 3], RGB values 0..255.
        labels: int [b].
    """
    features, _ = backbone.stateless_call(
        backbone.trainable_variables,
        backbone.non_trainable_variables,
        tf.cast(images, tf.float32),
        training=True,
    )
    return mean_cosine(tf.cast(features, tf.float32), labels)
