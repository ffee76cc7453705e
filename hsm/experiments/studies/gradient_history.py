"""The gradient studies of a run, epoch by epoch: made while it trains, or of what it has saved."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from hsm.data.sources.source import ImageSource
from hsm.experiments.config import RunConfig
from hsm.experiments.config.initial_weights import InitialWeights
from hsm.experiments.runs import build
from hsm.experiments.runs.evaluator import Evaluator
from hsm.experiments.runs.workspace import Workspace
from hsm.experiments.studies import gradient_study
from hsm.experiments.studies.gradient_study import GradientStudy, TrainingSample
from hsm.models import EmbeddingModel
from hsm.training import checkpoint
from hsm.training.progress import read_progress


@dataclass(frozen=True)
class GradientHistory:
    """Studies the runs of a workspace.

    Attributes:
        source: the data that they were trained on.
        workspace: the output folder.
        images: what is embedded of the training part.
    """

    source: ImageSource
    workspace: Workspace
    images: TrainingSample

    def observe(
        self, config: RunConfig, epoch: int, *, model: EmbeddingModel, evaluator: Evaluator
    ) -> None:
        """Measure the weights after `epoch` and keep the result beside the run's checkpoint.

        It does not change the weights, and gives the same again where a run is resumed.
        """
        study = self.images.study(model, evaluator, epoch)
        gradient_study.save(study, gradient_study.path(self.workspace, config, epoch))

    def studies(
        self, config: RunConfig, initial_weights: InitialWeights | None
    ) -> list[GradientStudy]:
        """Return all studies of a finished run, by epoch: what was observed, else what is saved.

        Args:
            config: of the run.
            initial_weights: what its backbone started from, to study the start; None leaves it out.
        """
        files = (
            gradient_study.path(self.workspace, config, epoch)
            for epoch in range(config.total_epochs + 1)
        )
        known = map(gradient_study.load, filter(Path.exists, files))
        # Those of another number of images are of another sample.
        studies = {study.epoch: study for study in known if study.images == len(self.images)}
        for epoch, model in self._saved(config, set(studies), initial_weights):
            evaluator = Evaluator(model.features, self.source, config)
            studies[epoch] = self.images.study(model, evaluator, epoch)
        return [studies[epoch] for epoch in sorted(studies)]

    def _saved(
        self, config: RunConfig, known: set[int], initial_weights: InitialWeights | None
    ) -> Iterator[tuple[int, EmbeddingModel]]:
        """Yield the networks of the epochs that are not `known`."""
        end = self.workspace.checkpoint(config)
        shared = self.workspace.shared_checkpoint(config)
        # What is done to some models before the first epoch is not done again here.
        if 0 not in known and initial_weights is not None and not config.is_prepared:
            classes = self.source.train.num_classes
            yield 0, build.build_model(config, classes, initial_weights=initial_weights)
        if shared.exists() and shared != end:
            progress = read_progress(shared)
            epoch, is_whole = progress["epoch"], progress["interrupted"] is None
            if is_whole and 0 < epoch <= config.epochs and epoch not in known:
                model, _ = build.load_model(end.parent)
                checkpoint.restore(shared, model=model)
                yield epoch, model
        if config.total_epochs not in known:
            yield config.total_epochs, build.load_model(end.parent)[0]
