"""What a training tells of a step and of an epoch."""

from __future__ import annotations

from dataclasses import dataclass

from hsm.progress import LINE, duration


@dataclass(frozen=True)
class EpochResult:
    """What one epoch of training gave.

    Attributes:
        epoch: its number, from 1.
        alpha: alpha in force; a learned one at the epoch's end; None if the model has none.
        learning_rate: learning rate in force.
        loss: mean of the objective's terms; of a cross entropy that of its examples, in nats, with
            the labels smoothed in training.
        accuracy: share of its examples classified rightly, 0..1; None if none are classified.
        seconds: wall time of its steps.
        images_per_second: examples / seconds.
    """

    epoch: int
    alpha: float | None
    learning_rate: float
    loss: float
    accuracy: float | None
    seconds: float
    images_per_second: float


@dataclass(frozen=True)
class StepResult:
    """How far an epoch is.

    Attributes:
        epoch: its number, from 1.
        step: steps that are done, from 1.
        steps: steps of the whole epoch.
        learning_rate: learning rate in force.
        loss: mean of the objective's terms in this epoch so far.
        seconds: wall time of this epoch so far.
    """

    epoch: int
    step: int
    steps: int
    learning_rate: float
    loss: float
    seconds: float


def show_step(result: StepResult) -> None:
    """Show how far an epoch is, on the line of `hsm.progress`."""
    left = result.seconds / result.step * (result.steps - result.step)
    LINE.show(
        f"epoch {result.epoch}: step {result.step:,} of {result.steps:,}, loss {result.loss:.4f}, "
        f"{duration(left)} left"
    )
