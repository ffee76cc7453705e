"""Scores a model under training on the test classes, and remembers what it embedded."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf

from hsm import records
from hsm.data import pipeline
from hsm.data.sources.source import ImageSource, Split
from hsm.evaluation import embed, evaluate
from hsm.experiments.config import RunConfig


class Evaluator:
    """Embeds every test image once and scores it as section 5.2 does.

    Args:
        features: float32 images [b, h, w, 3] → features [b, k], not length-normalised.
        source: its test split is embedded (queries), and its gallery where it has one.
        config: says which epochs are due.
    """

    def __init__(
        self,
        features: Callable[[tf.Tensor], tf.Tensor],
        source: ImageSource,
        config: RunConfig,
    ) -> None:
        shape = [None, config.image_size, config.image_size, 3]
        self._features = tf.function(
            lambda images: features(tf.cast(images, tf.float32)),
            input_signature=[tf.TensorSpec(shape, tf.uint8)],
        )
        self.source = source
        self.config = config

    def __call__(self, epoch: int) -> dict[str, Any] | None:
        """Evaluation of the weights after `epoch`, or None if it is not due."""
        config = self.config
        if epoch % config.eval_every and epoch not in (config.epochs, config.total_epochs):
            return None
        return self.score()

    def embed(self, split: Split) -> tuple[np.ndarray, np.ndarray]:
        """Features [n, k] and labels [n] of a split, every image once, in its order."""
        batches = pipeline.evaluation_batches(split, crop=self.config.image_size)
        return embed(self._features, batches, num_examples=len(split))

    def score(self, *, normalize: bool = True) -> dict[str, Any]:
        """Metrics, packed hits and wall time in seconds, of the current weights.

        Args:
            normalize: scale features to unit length first, as section 5.2 does.
        """
        start = time.perf_counter()
        features, labels = self.embed(self.source.test)
        gallery, gallery_labels = None, None
        if self.source.gallery is not None:
            gallery, gallery_labels = self.embed(self.source.gallery)
        evaluation = evaluate(
            features,
            labels,
            ks=self.config.ks,
            seed=self.config.seed,
            normalize=normalize,
            gallery=gallery,
            gallery_labels=gallery_labels,
        )
        return {
            **evaluation.to_json(),
            "hits": {str(k): records.pack_hits(evaluation.ranks < k) for k in self.config.ks},
            "seconds": time.perf_counter() - start,
        }
