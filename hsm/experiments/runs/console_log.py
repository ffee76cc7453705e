"""Says how a run goes: in lines, and where it is asked for to TensorBoard."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from hsm.experiments.config import RunConfig
from hsm.experiments.config.run_record import RunRecord
from hsm.experiments.runs.evaluator import Evaluator
from hsm.experiments.runs.made_with import changes
from hsm.experiments.runs.recording import evaluation_row
from hsm.experiments.runs.tensorboard_log import TensorBoardLog
from hsm.models import EmbeddingModel
from hsm.progress import LINE, duration
from hsm.records import EpochRow, EvaluationRow
from hsm.training.collapse import Collapse
from hsm.training.loop import Trainer
from hsm.training.results import EpochResult, StepResult


class ConsoleLog:
    """Shows how a run goes on the line of `hsm.progress`, and says what should stay.

    Args:
        config: of the run.
        report: told of what should stay, a line at a time.
        model: what is trained.
        log: told of it, too; None for nothing but lines.
        verbose: a line that stays for every epoch and evaluation.
    """

    def __init__(
        self,
        config: RunConfig,
        report: Callable[[str], None],
        *,
        model: EmbeddingModel,
        log: TensorBoardLog | None = None,
        verbose: bool = False,
    ) -> None:
        self._config = config
        self._report = report
        self._model = model
        self._log = log
        self._verbose = verbose
        self._first: tuple[int, float] | None = None

    def resumed(self, trainer: Trainer) -> None:
        """Report where training goes on from, and what computes it from there on."""
        changed = changes(*trainer.made_with[-2:]) if len(trainer.made_with) > 1 else ""
        # A heated branch goes on from the state of what it heats, which is nothing to tell of.
        is_branch = self._config.is_heated and trainer.epoch == self._config.epochs
        if changed or self._verbose or not is_branch:
            self._report(
                f"{title(self._config)}: continues after epoch {trainer.epoch}"
                + (f", with {changed}: other numbers than without the change" if changed else "")
            )
        if self._log is not None:
            epochs = map(EpochRow.from_json, trainer.epochs)
            self._log.past(epochs, map(evaluation_row, trainer.evaluations))

    def step(self, result: StepResult) -> None:
        """Show how far the run is."""
        total = self._config.total_epochs
        parts = [
            f"epoch {result.epoch}/{total}  rate {result.learning_rate:g}  loss {result.loss:.4f}"
        ]
        done, now = (result.epoch - 1) * result.steps + result.step, time.perf_counter()
        # The first step, which compiles, would make a poor estimate.
        self._first = self._first or (done, now)
        if done > self._first[0]:
            seconds = (now - self._first[1]) / (done - self._first[0])
            parts.append(f"{duration(seconds * (total * result.steps - done))} left")
        LINE.show("  ".join(parts))

    def epoch(self, result: EpochResult) -> None:
        """Tell of what an epoch gave, and of the time that the rest will take."""
        if self._verbose:
            self._report(self._epoch_line(result))
        if self._log is not None:
            self._log.epoch(EpochRow.from_json(asdict(result)))
            self._log.weights(self._model, result.epoch)

    def _epoch_line(self, result: EpochResult) -> str:
        left = (self._config.total_epochs - result.epoch) * result.seconds
        parts = [
            f"{title(self._config)} epoch {result.epoch}/{self._config.total_epochs}",
            None if result.alpha is None else f"alpha {result.alpha:g}",
            f"rate {result.learning_rate:g}",
            f"loss {result.loss:.4f}",
            None if result.accuracy is None else f"accuracy {100 * result.accuracy:.1f} %",
            f"{result.images_per_second:.1f} images/s",
            f"{duration(result.seconds)}, {duration(left)} left",
        ]
        return "  ".join(part for part in parts if part is not None)

    def collapse(self, collapse: Collapse) -> None:
        """Report that features became one, with the remedies that this run has."""
        self._report(
            f"{title(self._config)} epoch {collapse.epoch}: the features collapsed. The pooled "
            f"ones of different classes have a mean cosine of {collapse.cosine:.6f} before "
            f"step {collapse.step}; at the start it was {collapse.start:.6f}. "
            f"{_remedies(self._config)}"
        )

    def watched(self, evaluator: Evaluator) -> Callable[[int], dict[str, Any] | None]:
        """Return `evaluator` with its evaluations reported."""

        def evaluate(epoch: int) -> dict[str, Any] | None:
            start = time.perf_counter()
            evaluation = evaluator(epoch)
            if evaluation is not None:
                took = duration(time.perf_counter() - start)
                row = evaluation_row({"epoch": epoch, **evaluation})
                if self._verbose:
                    text = scores(row, self._config)
                    self._report(f"{title(self._config)} epoch {epoch}: {text}  ({took})")
                if self._log is not None:
                    self._log.evaluation(row)
            return evaluation

        return evaluate


def _remedies(config: RunConfig) -> str:
    """Return what may keep a network's features apart: a sentence or two."""
    remedy = f"Try a learning_rate below {config.learning_rate:g}"
    if config.optimizer == "adam":
        remedy += (
            f", or an adam_epsilon above {config.adam_epsilon:g} (the released code's is 0.01)"
        )
    if config.weights is None:
        return f"{remedy}."
    return f"{remedy}, and check that {config.weights} holds weights for {config.backbone}."


def scores(row: EvaluationRow, config: RunConfig) -> str:
    """Return how many images were tested, and the scores in percent."""
    parts = [f"{row.num_queries} test images"]
    if row.accuracy is not None:
        parts.append(f"accuracy {100 * row.accuracy:.2f} %")
    parts += [f"R@{k} {100 * value:.2f}" for k, value in row.recall.items()]
    nmi = row.nmi(config.nmi)
    if nmi is not None:
        parts.append(f"NMI {100 * nmi:.2f}")
    return "  ".join(parts)


def summary(record: RunRecord) -> str:
    """Return a line on a run that was trained: where its loss came to, its scores, what it took."""
    parts = [title(record.config)]
    if record.epochs:
        parts += [f"{len(record.epochs)} epochs", f"loss {record.epochs[-1].loss:.3f}"]
    first = min(record.final.recall, default=None)
    if first is not None:
        parts.append(f"R@{first} {100 * record.final.recall[first]:.2f}")
    if record.final.accuracy is not None:
        parts.append(f"accuracy {100 * record.final.accuracy:.2f} %")
    return "  ".join([*parts, f"({duration(sum(record.seconds.values()))})"])


def title(config: RunConfig) -> str:
    """Return what a line on a run starts with."""
    return f"{config.dataset} {config.method} seed {config.seed}"
