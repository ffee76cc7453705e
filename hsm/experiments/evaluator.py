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
from hsm.progress import ProgressBar


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
        # The switch, too, may be the end of another run, one with heated_epochs=0.
        ends = (config.epochs, config.total_epochs)
        if epoch % config.eval_every and epoch not in ends:
            return None
        return self.score(with_unnormalized=epoch in ends)

    def embed(self, split: Split) -> tuple[np.ndarray, np.ndarray]:
        """Features [n, k] and labels [n] of a split, every image once, in its order."""
        batches = pipeline.evaluation_batches(split, crop=self.config.image_size)
        bar, done = ProgressBar(len(split), "image"), 0

        def progress(count: int) -> None:
            nonlocal done
            done += count
            bar.update(done)

        return embed(self._features, batches, num_examples=len(split), progress=progress)

    def score(self, *, with_unnormalized: bool = True) -> dict[str, Any]:
        """Scores of the current weights on the test classes, features at unit length (section 5.2).

        Args:
            with_unnormalized: score the features as they are, too, under the key "unnormalized".

        Returns:
            Metrics, packed hits and wall time in seconds, as JSON values.
        """
        start = time.perf_counter()
        queries = self.embed(self.source.test)
        gallery = None if self.source.gallery is None else self.embed(self.source.gallery)
        scores = self._evaluate(queries, gallery, normalize=True)
        if with_unnormalized:
            scores["unnormalized"] = self._evaluate(queries, gallery, normalize=False)
        return {**scores, "seconds": time.perf_counter() - start}

    def _evaluate(
        self,
        queries: tuple[np.ndarray, np.ndarray],
        gallery: tuple[np.ndarray, np.ndarray] | None,
        *,
        normalize: bool,
    ) -> dict[str, Any]:
        features, labels = gallery or (None, None)
        evaluation = evaluate(
            *queries,
            ks=self.config.ks,
            seed=self.config.seed,
            normalize=normalize,
            gallery=features,
            gallery_labels=labels,
        )
        hits = {str(k): records.pack_hits(evaluation.ranks < k) for k in self.config.ks}
        return {**evaluation.to_json(), "hits": hits}
