"""End the epochs before the switch when the tested classes are no longer found better."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from hsm import atomic
from hsm.experiments.config import RunConfig
from hsm.experiments.config.run_record import RunRecord
from hsm.experiments.runs.console_log import title
from hsm.experiments.runs.runner import Runner
from hsm.records import EvaluationRow
from hsm.training.progress import read_progress

_Scored = Iterable[tuple[int, float]]


class _Decided(Exception):
    """Training need not go on: the epoch is known."""


@dataclass(frozen=True)
class Choice:
    """The best epoch of the scorings so far.

    Attributes:
        epoch: the first with the highest score.
        score: its Recall@1, 0..1.
        after: scorings after it that were not better.
        is_final: whether no further scoring counts.
    """

    epoch: int
    score: float
    after: int
    is_final: bool


def choose(scored: _Scored, *, last: int, patience: int) -> Choice | None:
    """Choose the epoch after which to switch.

    Args:
        scored: epochs, ascending, with their Recall@1.
        last: the epoch that is the last one in any case; later ones do not count.
        patience: scorings in a row that need not be better than the best before them.

    Returns:
        The best of the scorings that count, or None without one.
    """
    best: Choice | None = None
    for epoch, score in scored:
        if epoch > last or (best is not None and best.is_final):
            break
        if best is None or score > best.score:
            best = Choice(epoch, score, 0, epoch == last)
        else:
            after = best.after + 1
            best = replace(best, after=after, is_final=after >= patience or epoch == last)
    return best


def run(runner: Runner, config: RunConfig, *, patience: int) -> RunRecord:
    """Train `config` with the best number of epochs before the switch, at most its own.

    What is decided follows from the scorings in the checkpoint of these epochs alone: killed at any
    moment and started again, it ends as if it had not been. Of the best epoch so far the state is
    kept, and the rest of the run goes on from there.

    Args:
        runner: runs it.
        config: not one of gradual heating, which has no switch; scored by Recall@1.
        patience: scorings in a row without a better Recall@1 that end the epochs.

    Raises:
        ValueError: if `config` has no switch or no Recall@1.
    """
    if config.switch_epoch is None or config.is_gradual or 1 not in config.ks:
        raise ValueError(
            "expected early_stopping with a method that is trained, heating=switch and 1 among "
            "ks: it ends the epochs before the switch by Recall@1. Received: "
            f"method={config.method}, heating={config.heating}, ks={','.join(map(str, config.ks))}"
        )
    stopping = _Stopping(runner, config, patience)
    choice = stopping.choice()
    runner.report(
        f"{title(config)}: R@1 {100 * choice.score:.2f} after epoch {choice.epoch} is the best of "
        f"at most {config.epochs}, and {choice.after} scorings after it were not better: training "
        "goes on from there"
    )
    record = runner.run(replace(config, epochs=choice.epoch))
    stopping.tidy(choice)
    return record


@dataclass(frozen=True)
class _Stopping:
    """The epochs before the switch, and when they end."""

    runner: Runner
    config: RunConfig
    patience: int

    def choice(self) -> Choice:
        """Train as long as nothing is decided."""
        choice = self._look()
        if choice is None:
            try:
                record = replace(self.runner, scored=self._stop).run(self.config)
            except _Decided:
                choice = self._look()
            else:  # Trained before, and its checkpoint of these epochs is gone.
                choice = self._choose(_of_rows(record.evaluations))
        if choice is None:
            raise ValueError(
                f"{title(self.config)}: expected an epoch that was scored. Received: none"
            )
        return choice

    def tidy(self, choice: Choice) -> None:
        """Take away the folder of a run that was left at its switch."""
        folder = self.runner.workspace.run_dir(self.config)
        if choice.epoch != self.config.epochs and not (folder / "checkpoint.npz").exists():
            shutil.rmtree(folder, ignore_errors=True)

    def _stop(self, config: RunConfig) -> None:
        if self._look() is not None:
            raise _Decided

    def _look(self) -> Choice | None:
        """Return the choice if it is final; the state of the best epoch so far is kept."""
        path = self.runner.workspace.shared_checkpoint(self.config)
        if not path.exists():
            return None
        progress = read_progress(path)
        rows = ((row["epoch"], row["recall"]["1"]) for row in progress["evaluations"])
        choice = self._choose(rows)
        if choice is None:
            return None
        if progress["epoch"] == choice.epoch and progress["interrupted"] is None:
            self._keep(path, choice.epoch)
        return choice if choice.is_final else None

    def _choose(self, scored: _Scored) -> Choice | None:
        return choose(scored, last=self.config.epochs, patience=self.patience)

    def _keep(self, path: Path, epoch: int) -> None:
        """Copy the state to where a run with as many epochs before its switch looks for it."""
        target = self.runner.workspace.shared_checkpoint(replace(self.config, epochs=epoch))
        if not target.exists():
            with atomic.replacing(target) as partial:
                shutil.copyfile(path, partial)


def _of_rows(rows: Iterable[EvaluationRow]) -> _Scored:
    return ((row.epoch, row.recall[1]) for row in rows)
