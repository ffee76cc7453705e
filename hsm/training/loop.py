"""Epochs and phases: the only place where time passes."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from hsm.progress import report
from hsm.schedules import Phase, Schedule, phase_at
from hsm.training import checkpoint
from hsm.training.divergence import NonFiniteLossError
from hsm.training.interruption import Interruption
from hsm.training.memory import Memory, NoMemory, restore_memory
from hsm.training.progress import check_origin, read_progress
from hsm.training.results import EpochResult, StepResult, show_step
from hsm.training.step import Totals, TrainStep
from hsm.training.watch import Watch

_STOPPING = "stopping: the step under way is finished and saved"


@dataclass(frozen=True)
class TrainingData:
    """Where the batches of an epoch come from.

    Attributes:
        batches: (epoch from 1, first step from 0) → (images [b, h, w, 3], labels [b]) of that
            epoch from that step on. The same arguments must give the same batches, if `memory` has
            the same state.
        steps_per_epoch: number of batches of a whole epoch.
        memory: what the batches follow from, beside epoch and step; saved in checkpoints.
    """

    batches: Callable[[int, int], Iterable[tuple[Any, Any]]]
    steps_per_epoch: int
    memory: Memory = field(default_factory=NoMemory)


class Trainer:
    """Trains a model epoch by epoch, resumably: same state, same data, same weights.

    Args:
        step: the update; its model and optimiser are what is trained and saved.
        data: the batches.
        schedule: alpha and learning rate of every epoch.
        evaluate: epoch → JSON-serialisable result, or None when that epoch is not to be evaluated.
        on_epoch: told of every epoch's result, after its checkpoint.
        on_evaluation: told of the epoch of every evaluation, after its checkpoint.
        on_step: told once a second how far an epoch is.
        origin: what is trained on and from, for example checksums; a checkpoint of another origin
            is refused.
        checkpoint_minutes: an epoch that lasts longer is also saved in its middle, this often.

    Attributes:
        epoch: number of completed epochs.
        epochs: results of these epochs, as dicts.
        evaluations: what `evaluate` returned, in order.
        preparation_seconds: wall time that the caller spent on the model before the first epoch.
        made_with: what `continue_with` was told, with the epoch and step that it was told after.
    """

    def __init__(  # noqa: PLR0913 - public, and each is a part of its own.
        self,
        step: TrainStep,
        data: TrainingData,
        *,
        schedule: Schedule,
        evaluate: Callable[[int], dict[str, Any] | None],
        on_epoch: Callable[[EpochResult], None] = lambda result: None,
        on_evaluation: Callable[[int], None] = lambda epoch: None,
        on_step: Callable[[StepResult], None] = show_step,
        origin: dict[str, str | None] | None = None,
        checkpoint_minutes: float = 10.0,
    ) -> None:
        self.step, self.data, self.schedule = step, data, schedule
        self.evaluate, self.on_epoch = evaluate, on_epoch
        self.on_evaluation, self.on_step = on_evaluation, on_step
        self.origin = origin
        self.checkpoint_minutes = checkpoint_minutes
        self.epoch = 0
        self.epochs: list[dict[str, Any]] = []
        self.evaluations: list[dict[str, Any]] = []
        self.preparation_seconds = 0.0
        self.made_with: list[dict[str, Any]] = []
        self._files_passed = 0
        self._interrupted: dict[str, Any] | None = None

    def resume(self, files: Sequence[checkpoint.CheckpointFile]) -> bool:
        """Continue from the last of `files` that exists, and save to no file before it.

        Args:
            files: as for `train_files`.

        Returns:
            False if there is none: the training is at its start.

        Raises:
            ValueError: as `restore`, and if the file holds a state past its last epoch.
        """
        for index in reversed(range(len(files))):
            path = files[index].path
            if path.exists():
                progress = read_progress(path)
                files[index].check(progress)
                self._restore(path, progress)
                self._files_passed = index
                return True
        return False

    def restore(self, path: Path) -> None:
        """Continue from the checkpoint `path`.

        Raises:
            ValueError: if it is damaged, of another model, of another or an unknown origin, or was
                trained with another schedule so far.
        """
        self._restore(path, read_progress(path))

    def _restore(self, path: Path, progress: dict[str, Any]) -> None:
        check_origin(path, progress, origin=self.origin, schedule=self.schedule)
        restore_memory(path, progress, self.data.memory)
        checkpoint.restore(path, model=self.step.model, optimizer=self.step.optimizer)
        self.epoch = progress["epoch"]
        self.epochs = progress["epochs"]
        self.evaluations = progress["evaluations"]
        self.preparation_seconds = progress.get("preparation_seconds", 0.0)
        # Checkpoints before version 0.2 do not say what computed them.
        self.made_with = progress.get("made_with", [{"after_epoch": 0, "after_step": 0}])
        self._interrupted = progress["interrupted"]

    @property
    def place(self) -> tuple[int, int]:
        """Epochs that are completed, and steps of the next one."""
        return self.epoch, 0 if self._interrupted is None else self._interrupted["step"]

    def continue_with(self, maker: Mapping[str, Any]) -> None:
        """Keep in checkpoints what computes from here on, such as packages and threads.

        Args:
            maker: JSON values. If they are those of the state that was restored, nothing is added.
        """
        epoch, step = self.place
        entry = {"after_epoch": epoch, "after_step": step, **maker}
        last = self.made_with[-1] if self.made_with else {}
        if {**last, "after_epoch": epoch, "after_step": step} != entry:
            self.made_with.append(entry)

    def train(self, until: int, path: Path) -> None:
        """Train to the end of epoch `until`, saving to `path` after every epoch and evaluation.

        Where nothing is left to train, `path` is written all the same if it is not there; a state
        past `until` is not.

        Raises:
            NonFiniteLossError: the loss became NaN or infinite; the last good checkpoint is kept.
        """
        self._train(checkpoint.CheckpointFile(path, until))

    def train_files(self, files: Sequence[checkpoint.CheckpointFile]) -> None:
        """Train to the last epoch of the last of `files`, saving each epoch to the file it is of.

        A run that is killed at any moment and resumed from the same files ends as one that was not.
        SIGINT and SIGTERM wait for the step under way and for a checkpoint after it.

        Args:
            files: in the order of their last epochs.

        Raises:
            NonFiniteLossError: the loss became NaN or infinite; the last good checkpoint is kept.
        """
        for file in files[self._files_passed :]:
            self._train(file)

    def _train(self, file: checkpoint.CheckpointFile) -> None:
        if file.is_past(self.epoch, interrupted=self._interrupted is not None):
            return
        path = file.path
        self._evaluate(path)
        while self.epoch < file.last_epoch:
            with Interruption(partial(report, _STOPPING)) as interruption:
                result = self._epoch(self.epoch + 1, path, interruption)
                self.epoch = result.epoch
                self.epochs.append(asdict(result))
                self.save(path)
            self.on_epoch(result)
            self._evaluate(path)
        if not path.exists():
            self.save(path)

    def _evaluate(self, path: Path) -> None:
        """Evaluate the weights of the end of an epoch, once."""
        is_done = any(e["epoch"] == self.epoch for e in self.evaluations)
        if self.epoch == 0 or is_done or self._interrupted is not None:
            return
        evaluation = self.evaluate(self.epoch)
        if evaluation is not None:
            self.evaluations.append({"epoch": self.epoch, **evaluation})
            self.save(path)
            self.on_evaluation(self.epoch)

    def _epoch(self, epoch: int, path: Path, interruption: Interruption) -> EpochResult:
        phase = phase_at(self.schedule, epoch)
        self.step.set_phase(alpha=phase.alpha, learning_rate=phase.learning_rate)
        elapsed, first = self._begin(epoch)
        start = time.perf_counter() - elapsed
        watch, steps = Watch(self.checkpoint_minutes * 60), self.data.steps_per_epoch
        batches = self.step.devices.distribute(self.data.batches(epoch, first))
        for index, (images, labels) in enumerate(batches, start=first + 1):
            self.step(images, labels)
            is_stopping = interruption.is_requested
            if watch.is_due(index) or is_stopping:
                totals = self._look(phase, epoch, index)
                rate, seconds = phase.learning_rate, time.perf_counter() - start
                self.on_step(StepResult(epoch, index, steps, rate, totals.mean_loss, seconds))
                if (watch.is_save_due() or is_stopping) and not totals.first_bad_step:
                    self.save(path, {"step": index, "seconds": seconds, "totals": asdict(totals)})
            if is_stopping:
                interruption.deliver()
        return self._finish(phase, epoch, start=start)

    def _begin(self, epoch: int) -> tuple[float, int]:
        """Return seconds spent on and steps done of an epoch that was cut off in its middle."""
        interrupted, self._interrupted = self._interrupted, None
        if interrupted is None:
            self.step.reset()
            return 0.0, 0
        totals = interrupted["totals"]
        # Checkpoints before version 0.2 knew no terms but examples.
        self.step.reset(Totals(**{"terms": totals["examples"], **totals}))
        return interrupted["seconds"], interrupted["step"]

    def _finish(self, phase: Phase, epoch: int, *, start: float) -> EpochResult:
        totals = self._check(phase, epoch)
        seconds = time.perf_counter() - start
        if totals.steps != self.data.steps_per_epoch:
            raise RuntimeError(
                f"expected {self.data.steps_per_epoch} batches in epoch {epoch}. Received: "
                f"{totals.steps}; see that the data gives as many as steps_per_epoch says"
            )
        self.data.memory.learn(epoch, totals)
        alpha = self.step.alpha
        return EpochResult(
            epoch=epoch,
            # A phase's number, not the float32 that it became.
            alpha=None if alpha is None else self.step.learned_alpha or phase.alpha,
            learning_rate=phase.learning_rate,
            loss=totals.mean_loss,
            accuracy=totals.accuracy if self.step.objective.classifies else None,
            seconds=seconds,
            images_per_second=totals.examples / seconds,
        )

    def _look(self, phase: Phase, epoch: int, index: int) -> Totals:
        # Each worker has a clock of its own, and all must stop at one step.
        are_together = self.step.devices.workers == 1 or index == 1
        return self._check(phase, epoch) if are_together else self.step.totals()

    def _check(self, phase: Phase, epoch: int) -> Totals:
        totals = self.step.totals()
        if totals.first_bad_step:
            raise NonFiniteLossError.of_loss(phase, epoch=epoch, step=totals.first_bad_step)
        return totals

    def save(self, path: Path, interrupted: dict[str, Any] | None = None) -> None:
        """Write the checkpoint `path`, which of several workers the chief does.

        Args:
            path: the file.
            interrupted: how far an unfinished epoch is.

        Raises:
            NonFiniteLossError: weights are not finite, at an epoch's end on every worker.
        """
        model, optimizer = self.step.model, self.step.optimizer
        progress = {
            "epoch": self.epoch,
            "epochs": self.epochs,
            "evaluations": self.evaluations,
            "preparation_seconds": self.preparation_seconds,
            "schedule": [asdict(phase) for phase in self.schedule.phases],
            "interrupted": interrupted,
            "origin": self.origin,
            "made_with": self.made_with,
            "memory": self.data.memory.state(),
        }
        try:
            if self.step.devices.is_chief:
                checkpoint.save(path, progress, model=model, optimizer=optimizer)
            elif interrupted is None:
                checkpoint.check_finite(model=model, optimizer=optimizer)
        except FloatingPointError as error:
            if interrupted is not None and self.step.devices.workers > 1:
                return  # All of them find it at the epoch's end.
            phase = phase_at(self.schedule, max(self.epoch, 1))
            raise NonFiniteLossError.of_weights(phase, self.epoch, error) from error
