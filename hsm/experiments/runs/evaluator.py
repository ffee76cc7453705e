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
from hsm.evaluation import damped_unit_length, embed, evaluate
from hsm.experiments.config import RunConfig
from hsm.progress import LINE, Progress
from hsm.training.devices import Devices


class Evaluator:
    """Embeds every test image once and scores it as section 5.2 does.

    Args:
        features: float32 images [b, h, w, 3] → features [b, k], not length-normalised.
        source: its test split is embedded (queries), and its gallery where it has one.
        config: says which epochs are due.
        logits: features [n, k] → logits [n, C] of the test images' own classes; if given, the
            accuracy is scored, and nothing else.
        embedded: told of the test images' features [n, k], not length-normalised, whenever they
            are scored.
        devices: that `features` runs on, each with a part of every batch; None for one.
    """

    def __init__(
        self,
        features: Callable[[tf.Tensor], tf.Tensor],
        source: ImageSource,
        config: RunConfig,
        *,
        logits: Callable[[np.ndarray], Any] | None = None,
        embedded: Callable[[np.ndarray], object] | None = None,
        devices: Devices | None = None,
    ) -> None:
        self.devices = devices or Devices()
        shape = [config.image_size, config.image_size, 3]
        self._features = self.devices.mapped(
            lambda images: features(tf.cast(images, tf.float32)), shape, tf.uint8
        )
        self._logits = logits
        self._embedded = embedded
        self.source = source
        self.config = config

    def __call__(self, epoch: int) -> dict[str, Any] | None:
        """Return evaluation of the weights after `epoch`, or None if it is not due."""
        config = self.config
        # The switch, too, may be the end of another run, one with heated_epochs=0.
        ends = (config.epochs, config.total_epochs)
        if epoch % config.eval_every and epoch not in ends:
            return None
        return self.score(with_unnormalized=epoch in ends)

    def embed(
        self, split: Split, *, batch_size: int | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return features [n, k] and labels [n] of a split, every image once, in its order.

        Args:
            split: what is embedded.
            batch_size: images at once, which the last bits depend on: of what training follows
                from, a number that is part of the run's name. None for `test_batch_size`.
        """
        size = batch_size or self.config.test_batch_size
        own = pipeline.evaluation_batches(
            split, crop=self.config.image_size, batch_size=size, share=self.devices.share
        )
        starts = range(0, len(split), size)
        # Of the whole batch, of which a worker reads only its share.
        labels = (split.labels[start : start + size] for start in starts)
        batches = ((images, targets) for (images, _), targets in zip(own, labels, strict=True))
        progress = Progress("embedding", len(split)).advance
        return embed(self._features, batches, num_examples=len(split), progress=progress)

    def score(self, *, with_unnormalized: bool = True) -> dict[str, Any]:
        """Score the current weights on the test classes, features at unit length (section 5.2).

        Args:
            with_unnormalized: score the features as they are, too, under the key "unnormalized",
                and keep what each query scored.

        Returns:
            Metrics, packed hits and wall time in seconds, as JSON values.
        """
        start = time.perf_counter()
        queries = self.embed(self.source.test)
        if self._embedded is not None:
            self._embedded(queries[0])
        if self._logits is not None:
            scores = self._classify(self._logits, *queries)
            return {**scores, "seconds": time.perf_counter() - start}
        gallery = None if self.source.gallery is None else self.embed(self.source.gallery)
        scores = self._evaluate(queries, gallery, normalize=True)
        if not with_unnormalized:
            scores.pop("query_scores")  # Of the ends alone: they are as long as the test set.
        else:
            scores["unnormalized"] = self._evaluate(queries, gallery, normalize=False)
        return {**scores, "seconds": time.perf_counter() - start}

    def _evaluate(
        self,
        queries: tuple[np.ndarray, np.ndarray],
        gallery: tuple[np.ndarray, np.ndarray] | None,
        *,
        normalize: bool,
    ) -> dict[str, Any]:
        config = self.config
        if normalize and config.test_epsilon > 0:
            queries, gallery = self._damped(queries), gallery and self._damped(gallery)
        features, labels = gallery or (None, None)
        evaluation = evaluate(
            *queries,
            ks=config.ks,
            seed=config.seed,
            n_init=config.kmeans_starts,
            normalize=normalize and config.test_epsilon == 0,
            gallery=features,
            gallery_labels=labels,
            progress=_scoring(len(queries[1])),
        )
        hits = {str(k): records.pack_hits(evaluation.ranks < k) for k in config.ks}
        each = {key: records.pack_scores(of) for key, of in evaluation.query_scores.items()}
        return {**evaluation.to_json(), "hits": hits, "query_scores": each}

    def _classify(
        self, logits: Callable[[np.ndarray], Any], features: np.ndarray, labels: np.ndarray
    ) -> dict[str, Any]:
        """Return the accuracy, under the keys that an evaluation of retrieval has, too."""
        size = self.config.test_batch_size
        batches = [features[start : start + size] for start in range(0, len(features), size)]
        predicted = [np.argmax(np.asarray(logits(batch)), axis=-1) for batch in batches]
        right = np.concatenate(predicted) == labels
        return {
            "accuracy": float(right.mean()),
            "recall": {},
            "nmi_geometric": None,
            "nmi_arithmetic": None,
            "num_queries": len(labels),
            "num_gallery": None,
            "num_classes": self.source.test.num_classes,
            "hits": {"accuracy": records.pack_hits(right)},
        }

    def _damped(self, embedded: tuple[np.ndarray, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
        """Return features at the released code's length, all but 1, and their labels."""
        features, labels = embedded
        return damped_unit_length(features, self.config.feature_epsilon), labels


def _scoring(count: int) -> Callable[[int], None]:
    """Show how many of `count` queries are looked up; k-means, which comes next, only by name."""
    progress, done = Progress("scoring", count, "queries"), 0

    def advance(more: int) -> None:
        nonlocal done
        done += more
        progress.advance(more)
        if done == count:
            LINE.stage("k-means")

    return advance
