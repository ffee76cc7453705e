"""The gradients of a network's training images at one moment of its training, as a small file.

Section 3.2 of the weights after an epoch: how many images are incorrect, boundary and centroid
ones, and how long their gradients would be at every alpha.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hsm.analysis import (
    AlphaRange,
    GradientAssignment,
    SampleKind,
    gradient_assignment,
    intermediate_alpha,
)
from hsm.atomic import replacing
from hsm.data.sources.source import Split
from hsm.experiments.config import RunConfig
from hsm.experiments.runs.closed_form import classifier_inputs, closed_form
from hsm.experiments.runs.diagnostics import evenly_spaced, sample
from hsm.experiments.runs.evaluator import Evaluator
from hsm.experiments.runs.workspace import Workspace
from hsm.models import EmbeddingModel
from hsm.output_folder import make_output_folder

# Figure 1's axis; neighbours differ by an eighth.
ALPHAS = np.geomspace(0.1, 128, 61)
# Of fewer images a median says little.
ENOUGH = 10


@dataclass(frozen=True)
class GradientStudy:
    """The training images' gradients after an epoch.

    Attributes:
        epoch: 0 for the initial weights.
        alpha: the model's alpha in that epoch.
        curves: how long the gradients would be at other alphas.
    """

    epoch: int
    alpha: float
    curves: GradientAssignment

    @cached_property
    def range(self) -> AlphaRange | None:
        """The intermediate alphas; None without boundary images."""
        medians = (self.curves.median(k) for k in (SampleKind.BOUNDARY, SampleKind.CENTROID))
        return intermediate_alpha(self.curves.alphas, *medians)

    @property
    def images(self) -> int:
        """The number of images."""
        return int(self.curves.counts.sum())

    def share(self, kind: SampleKind) -> float:
        """Return the share of the images that are of `kind`, 0..1."""
        return float(self.curves.counts[kind] / self.images)

    @property
    def has_enough_of_each(self) -> bool:
        """True if there are `ENOUGH` images of each kind."""
        return bool((self.curves.counts >= ENOUGH).all())


class TrainingSample:
    """At most `most` images of a training split, evenly spaced, with the classifier's labels.

    Args:
        train: the training split.
        most: how many images at most; 2 or more.
    """

    def __init__(self, train: Split, most: int) -> None:
        self._part = sample(train, most)  # Its labels may be those of fewer classes.
        self._labels: NDArray[np.int32] = train.labels[evenly_spaced(len(train), most)]

    def __len__(self) -> int:
        return len(self._part)

    def features(self, evaluator: Evaluator) -> tuple[np.ndarray, np.ndarray]:
        """Return features [n, k] by `evaluator`, and labels [n] as the classifier numbers them."""
        return evaluator.embed(self._part)[0], self._labels

    def study(self, model: EmbeddingModel, evaluator: Evaluator, epoch: int) -> GradientStudy:
        """Return the gradients that `model`, which `evaluator` embeds with, gives to the images."""
        features, labels = self.features(evaluator)
        classifier = closed_form(model)
        inputs = classifier_inputs(model, features)
        curves = gradient_assignment(classifier, inputs, labels=labels, alphas=ALPHAS)
        return GradientStudy(epoch, classifier.alpha, curves)


def path(workspace: Workspace, config: RunConfig, epoch: int) -> Path:
    """Return where the study of an epoch lies: beside the checkpoint that held its weights.

    Up to the switch that is the state which heated and unheated methods share.
    """
    shared = epoch <= config.epochs
    state = workspace.shared_checkpoint(config) if shared else workspace.checkpoint(config)
    return state.parent / "gradients" / f"{epoch:04d}.npz"


def save(study: GradientStudy, file: Path) -> None:
    """Write `file`, all at once or not at all; its folder is made."""
    make_output_folder(file.parent)
    arrays = {field.name: getattr(study.curves, field.name) for field in fields(study.curves)}
    with replacing(file) as partial, partial.open("wb") as opened:
        np.savez(opened, epoch=study.epoch, alpha=study.alpha, **arrays)


def load(file: Path) -> GradientStudy:
    """Read what `save` wrote."""
    with np.load(file) as arrays:
        names = [field.name for field in fields(GradientAssignment)]
        curves = GradientAssignment(**{name: arrays[name] for name in names})
        return GradientStudy(int(arrays["epoch"]), float(arrays["alpha"]), curves)
