"""How FashionNet is trained: on triplets, and where landmarks are known on its other outputs too.

No code that trains it was released, and no weights are published: numbers are ours, or those of the
port FashionNet-Chainer where they are called so.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import ArrayLike, NDArray

from hsm.data.landmark_crops import landmarks_in_crops
from hsm.data.pipeline import Crop, draw_places
from hsm.data.sampling import BatchOrder
from hsm.data.sources.inshop_annotations import (
    has_annotations,
    read_annotations,
)
from hsm.data.sources.inshop_attributes import NUM_ATTRIBUTES
from hsm.data.sources.inshop_landmarks import CUT_OFF, NUM_LANDMARKS, VISIBLE
from hsm.data.sources.source import ImageSource
from hsm.data.triplet_mining import random_triplets, triplet_order
from hsm.experiments.config import RunConfig
from hsm.experiments.runs.compared import loss_setting
from hsm.losses import AttributeCrossEntropy, LandmarkRegression, TripletMargin
from hsm.models.fashionnet import Branches
from hsm.training.devices import counted_once, gathered
from hsm.training.objective import BatchLoss, OutputObjective, whole_mean
from hsm.training.replicas import never_empty

# Of pose and of what is to be recognised, in the first and in the second stage: 5 to 1 and 1 to 5
# as in the port.
_STAGES = ((5.0, 1.0), (1.0, 5.0))
# Columns of a batch's labels: class, category, the two weights, the box's side, landmarks and
# attributes.
_COLUMNS = (1, 1, 1, 1, 1, 3 * NUM_LANDMARKS, NUM_ATTRIBUTES)


def fashionnet_objective(config: RunConfig) -> LandmarkObjective | OutputObjective:
    """Return the triplet loss; of a run that knows landmarks, with the losses of all branches."""
    triplets = TripletMargin(**loss_setting(config, "margin"))
    return LandmarkObjective(triplets) if config.landmarks else OutputObjective(triplets)


def fashionnet_order(labels: ArrayLike, config: RunConfig, epoch: int) -> BatchOrder:
    """Return batches of random triplets: thirds of anchors, positives and negatives."""
    triplets = random_triplets(labels, batch_size=config.batch_size, seed=config.seed, epoch=epoch)
    return triplet_order(triplets, config.batch_size)


def with_landmarks(config: RunConfig, source: ImageSource) -> RunConfig:
    """Return `config` with landmarks if the method can use them and `source` has them."""
    uses = config.traits.annotated_head is not None
    return replace(config, landmarks=True) if uses and has_annotations(source.train) else config


@dataclass(frozen=True)
class LandmarkObjective:
    """The losses of FashionNet's branches, of labels that `LandmarkLabels` makes.

    Pose: squared distance of visible landmarks in units of the box's side, and the cross entropy of
    visibility. Recognition: triplets, and the cross entropies of the category and of the mean
    attribute. Each half is weighted by the epoch's stage.

    Attributes:
        triplets: the loss of embeddings.
    """

    triplets: TripletMargin
    classifies: bool = False

    def __call__(
        self, model: keras.Model, images: tf.Tensor, labels: tf.Tensor, *, training: bool
    ) -> BatchLoss:
        """Return the weighted sum, a term a batch, which every device computes of all images."""

        def branches(images: tf.Tensor) -> Branches:
            outputs = model.bottleneck.branches(model.read(images, training=training))
            return outputs._replace(features=model.logits(outputs.features))

        total = self._total(gathered(labels), gathered(never_empty(branches, images)))
        return BatchLoss(counted_once(total), counted_once(tf.constant(1.0)))

    def _total(self, labels: tf.Tensor, outputs: Branches) -> tf.Tensor:
        classes, category, pose, main, side, landmarks, attributes = tf.split(labels, _COLUMNS, 1)
        landmarks = tf.reshape(landmarks, [-1, NUM_LANDMARKS, 3])
        posed = _pose_loss(outputs.landmarks, outputs.visibility, landmarks, side)
        recognised = _whole(self.triplets, classes, outputs.features)
        recognised += _classified(category[:, 0], outputs.categories)
        attributed = _whole(AttributeCrossEntropy(), attributes, outputs.attributes)
        return pose[0, 0] * posed + main[0, 0] * (recognised + attributed / NUM_ATTRIBUTES)


class LandmarkLabels:
    """What a batch's labels become: all that the files say of its images, where its crops have it.

    The first half of the epochs is the first stage, whose landmarks then guide the second.

    Args:
        config: of a run that knows landmarks.
        source: whose training images' files are read.
        crop: what is cut out of its images.

    Raises:
        OSError, ValueError: as `read_annotations`.
    """

    def __init__(self, config: RunConfig, source: ImageSource, crop: Crop) -> None:
        self._seed, self._epochs, self._crop = config.seed, config.total_epochs, crop
        self._classes = source.train.labels
        self._known = read_annotations(source.train)

    def __call__(
        self, order: BatchOrder, epoch: int, start_step: int = 0
    ) -> Iterator[NDArray[np.float32]]:
        """Yield the labels of an epoch's batches, float32 [b, 492]."""
        number = len(self._classes)
        places = draw_places(self._crop, order, num_images=number, seed=(self._seed, epoch))
        known, chosen = self._known, order.indices
        landmarks = landmarks_in_crops(known.landmarks[chosen], self._crop, places, cut_off=CUT_OFF)
        pose, main = _STAGES[epoch > -(-self._epochs // 2)]
        columns = np.column_stack(
            [
                self._classes[chosen],
                known.categories[chosen],
                np.full(len(chosen), pose),
                np.full(len(chosen), main),
                self._sides(chosen),
                landmarks.reshape(len(chosen), -1),
                known.attributes[chosen],
            ]
        ).astype(np.float32)
        yield from np.split(columns, np.cumsum(order.sizes)[:-1])[start_step:]

    def _sides(self, chosen: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return the boxes' sides, of a square as large, as shares of a crop's."""
        left, top, right, bottom = self._known.boxes[chosen].T
        whole = self._crop.size + self._crop.margin
        return np.sqrt((right - left) * (bottom - top)) * whole / self._crop.size


def _pose_loss(
    located: tf.Tensor, visibility: tf.Tensor, landmarks: tf.Tensor, side: tf.Tensor
) -> tf.Tensor:
    scale = 1.0 / side[:, None]
    seen = tf.cast(landmarks[..., 2:] == VISIBLE, tf.float32)
    targets = tf.concat([landmarks[..., :2] * scale, seen], axis=-1)
    states = _classified(landmarks[..., 2], visibility)
    return _whole(LandmarkRegression(), targets, located * scale) + states


def _whole(loss: keras.losses.Loss, labels: tf.Tensor, outputs: tf.Tensor) -> tf.Tensor:
    return whole_mean(loss) * loss(labels, outputs)


def _classified(targets: tf.Tensor, logits: tf.Tensor) -> tf.Tensor:
    losses = tf.nn.sparse_softmax_cross_entropy_with_logits(tf.cast(targets, tf.int32), logits)
    return tf.reduce_mean(losses)
