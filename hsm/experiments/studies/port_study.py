"""What each convention of a port does to GoogLeNet's pretrained feature: measured, not trained."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from hsm.data import pipeline
from hsm.data.sources.source import Split
from hsm.evaluation import damped_unit_length, embed
from hsm.metrics import Interval, first_positive_ranks, paired_bootstrap
from hsm.models.porting import Port, ported
from hsm.progress import Progress
from hsm.visual.port_rows import PortRow

REFERENCE = "as Caffe"
RANDOM = "random weights"

PORTS: Mapping[str, Port] = MappingProxyType(
    {
        REFERENCE: Port(),
        "convolution padded SAME": Port(padding="same"),
        "poolings SAME": Port(pooling="same"),
        "poolings VALID": Port(pooling="valid"),
        "LRN's α not over its size": Port(response="tensorflow"),
        "RGB less means": Port(pixels="rgb"),
        "BGR, no means": Port(pixels="no_mean"),
        "RGB in [−1, 1]": Port(pixels="scaled"),
        "SAME, LRN's α, [−1, 1]": Port("same", "same", "scaled", "tensorflow"),
    }
)


@dataclass(frozen=True)
class Measurement:
    """On what the ports are measured.

    Attributes:
        split: labelled images of which none was trained on.
        image_size: side of the central crops in pixels.
        batch_size: images embedded at once.
    """

    split: Split
    image_size: int
    batch_size: int = 100

    def features(self, model: keras.Model) -> NDArray[np.float32]:
        """Return `model`'s features of every image at unit length, [n, d]."""
        shape = [None, self.image_size, self.image_size, 3]
        run = tf.function(
            lambda images: model(tf.cast(images, tf.float32), training=False),
            input_signature=[tf.TensorSpec(shape, tf.uint8)],
        )
        batches = pipeline.evaluation_batches(
            self.split, crop=self.image_size, batch_size=self.batch_size
        )
        count = len(self.split)
        features, _ = embed(
            run, batches, num_examples=count, progress=Progress("embedding", count).advance
        )
        return damped_unit_length(features)


def measure(
    build: Callable[[bool], keras.Model], measurement: Measurement, *, with_random: bool
) -> Iterator[PortRow]:
    """Yield what each of `PORTS` gives, the reference first, and the random weights last.

    Args:
        build: GoogLeNet as Caffe computes it; with True its weights are random.
        measurement: on what.
        with_random: whether to measure random weights, too.
    """
    labels = measurement.split.labels
    model = build(False)
    reference = measurement.features(model)
    base = first_positive_ranks(reference, labels)
    for name, port in PORTS.items():
        features = reference if name == REFERENCE else measurement.features(ported(model, port))
        yield _row(name, features, reference, labels=labels, base=base)
    if with_random:
        features = measurement.features(build(True))
        yield _row(RANDOM, features, reference, labels=labels, base=base)


def _row(
    name: str,
    features: NDArray[np.float32],
    reference: NDArray[np.float32],
    *,
    labels: NDArray[np.integer],
    base: NDArray[np.integer],
) -> PortRow:
    ranks = first_positive_ranks(features, labels)
    gain = paired_bootstrap(ranks < 1, base < 1)
    if name == REFERENCE:
        gain = Interval(0.0, 0.0, 0.0)
    # Channels of networks with other weights have nothing to do with each other.
    cosine = None if name == RANDOM else float(np.mean(np.sum(features * reference, axis=1)))
    recall = {k: float(np.mean(ranks < k)) for k in (1, 2, 4, 8)}
    return PortRow(name, recall, gain, cosine)
