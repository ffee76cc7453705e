"""What TensorBoard shows of a run: curves, histograms, and the test images' embeddings."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from hsm.data.sources.source import Split
from hsm.data.thumbnails import image_name, thumbnails
from hsm.evaluation import damped_unit_length
from hsm.experiments.runs.diagnostics import sample
from hsm.experiments.runs.evaluator import Evaluator
from hsm.models import EmbeddingModel
from hsm.records import EpochRow, EvaluationRow
from hsm.visual.event_log import EventLog
from hsm.visual.projector import CONFIG, write_projector

_EPOCH = {
    "loss": "train/loss",
    "accuracy": "train/accuracy",
    "images_per_second": "train/images_per_second",
    "alpha": "schedule/alpha",
    "learning_rate": "schedule/learning_rate",
}
_EVALUATION = ("accuracy", "r_precision", "map_at_r", "nmi_arithmetic", "nmi_geometric")

# Images in the projector, and the side of their pictures: 50 times 64 pixels, of 8,192.
_PROJECTED = 2500
_SIDE = 64


class TensorBoardLog:
    """Event files and projector of one run. A step is an epoch; every point is written once.

    Args:
        directory: folder of the run.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._events = EventLog(directory)
        self._norms: np.ndarray | None = None

    def epoch(self, row: EpochRow) -> None:
        """Write what an epoch of training gave."""
        for field, name in _EPOCH.items():
            self._write(name, getattr(row, field), row.epoch)
        self._events.flush()

    def weights(self, model: EmbeddingModel, epoch: int) -> None:
        """Write the classifier's weights after `epoch`, and their norms, one a class."""
        kernel = np.asarray(model.classifier.kernel, np.float64)
        norms = np.linalg.norm(kernel, axis=0)
        self._events.scalar("classifier/mean_weight_norm", norms.mean(), epoch)
        self._events.histogram("classifier/weight_norms", norms, epoch)
        self._events.histogram("classifier/kernel", kernel, epoch)
        self._events.flush()

    def embedded(self, features: np.ndarray) -> None:
        """Take test images' features before they get unit length, of the evaluation under way.

        They are kept until `evaluation` says which epoch they are of.
        """
        self._norms = np.linalg.norm(features, axis=1)

    def evaluation(self, row: EvaluationRow) -> None:
        """Write scores after an epoch, and the norms of the features that they were made of."""
        for k, value in row.recall.items():
            self._write(f"test/recall_at_{k}", value, row.epoch)
        for field in _EVALUATION:
            self._write(f"test/{field}", getattr(row, field), row.epoch)
        norms, self._norms = self._norms, None
        if norms is not None:
            self._feature_norms(norms, row.epoch)
        self._events.flush()

    def past(self, epochs: Iterable[EpochRow], evaluations: Iterable[EvaluationRow]) -> None:
        """Write what was trained and scored before, where it is not written yet."""
        for epoch in epochs:
            self.epoch(epoch)
        for evaluation in evaluations:
            self.evaluation(evaluation)

    def _write(self, name: str, value: float | None, epoch: int) -> None:
        """Write a number of an epoch, unless the method has none of the kind."""
        if value is not None:
            self._events.scalar(name, value, epoch)

    @property
    def has_projector(self) -> bool:
        """Whether the embeddings are written."""
        return (self._directory / CONFIG).exists()

    def project(self, evaluator: Evaluator, epoch: int) -> None:
        """Write at most 2,500 test images, evenly spaced, for the embedding projector.

        Args:
            evaluator: embeds them with the final weights.
            epoch: of these weights.
        """
        split = sample(evaluator.source.test, _PROJECTED)
        features, _ = evaluator.embed(split)
        self._feature_norms(np.linalg.norm(features, axis=1), epoch)
        self._events.flush()
        embeddings = damped_unit_length(features, evaluator.config.feature_epsilon)
        pictures = thumbnails(split, np.arange(len(split)), _SIDE)
        write_projector(self._directory, embeddings, _names(split), pictures)

    def _feature_norms(self, norms: np.ndarray, epoch: int) -> None:
        self._events.scalar("test/mean_feature_norm", norms.mean(), epoch)
        self._events.histogram("test/feature_norms", norms, epoch)


def _names(split: Split) -> list[tuple[str, str]]:
    """Return class and name of every image."""
    labels = enumerate(split.labels)
    return [(split.class_names[label], image_name(split, i)) for i, label in labels]
