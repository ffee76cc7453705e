"""Training schedules: phases of (epochs, alpha, learning rate), section 3.4 of the paper.

Pure Python. Epochs are counted from 1. A schedule says which alpha and which learning rate hold in
each epoch and nothing else: the heat-up switch changes two numbers.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class Phase:
    """A stretch of epochs with one alpha and one learning rate.

    Attributes:
        epochs: number of epochs, 0 or more.
        alpha: reciprocal of the softmax temperature (eq. 1), positive.
        learning_rate: the optimiser's rate, positive.
    """

    epochs: int
    alpha: float
    learning_rate: float

    def __post_init__(self) -> None:
        if self.epochs < 0:
            raise ValueError(f"expected epochs of 0 or more. Received: epochs={self.epochs}")
        for name in ("alpha", "learning_rate"):
            value = getattr(self, name)
            if not (math.isfinite(value) and value > 0):
                raise ValueError(
                    f"expected {name} to be a positive finite number. Received: {name}={value}"
                )


class Schedule(Protocol):
    """Anything with a tuple of phases."""

    @property
    def phases(self) -> tuple[Phase, ...]:
        """The phases in the order in which they are trained."""


@dataclass(frozen=True)
class Phases:
    """Any phases one after the other."""

    phases: tuple[Phase, ...]


@dataclass(frozen=True)
class Constant:
    """One alpha and one learning rate throughout: the methods SM, LN and BN."""

    alpha: float
    learning_rate: float
    epochs: int

    @property
    def phases(self) -> tuple[Phase, ...]:
        """A single phase."""
        return (Phase(self.epochs, self.alpha, self.learning_rate),)


@dataclass(frozen=True)
class StepDecay:
    """A constant alpha, and a rate that falls in steps: of systems that the paper compares with.

    Args:
        alpha: alpha throughout.
        learning_rate: rate of the first epochs.
        epochs: epochs in all.
        every: epochs between two steps.
        factor: what a step multiplies the rate with.

    Raises:
        ValueError: if a number is out of its range.
    """

    alpha: float
    learning_rate: float
    epochs: int
    every: int
    factor: float

    def __post_init__(self) -> None:
        if self.every < 1:
            raise ValueError(f"expected every to be 1 or more. Received: every={self.every}")
        if not 0 < self.factor <= 1:
            raise ValueError(
                f"expected factor to be more than 0 and at most 1. Received: factor={self.factor}"
            )
        _ = self.phases

    @property
    def phases(self) -> tuple[Phase, ...]:
        """A phase a step; the last one may be shorter."""
        starts = range(0, max(self.epochs, 1), self.every)
        return tuple(
            Phase(
                min(self.every, self.epochs - start),
                self.alpha,
                self.learning_rate * self.factor**step,
            )
            for step, start in enumerate(starts)
        )


@dataclass(frozen=True)
class HeatUp:
    """Train at an intermediate alpha, then heat up: strategy (ii) of section 3.4.

    Example:
        >>> phase_at(HeatUp(), epoch=41)
        Phase(epochs=10, alpha=4.0, learning_rate=0.0004)

    Args:
        alpha: alpha before the switch; 16 in section 5.1.
        heated_alpha: alpha after the switch; 4 in section 5.1.
        learning_rate: rate before the switch; 0.004 in section 5.1.
        heated_learning_rate: rate after the switch; None means a tenth of `learning_rate` (section
            5.1).
        epochs: epochs before the switch. The paper says "within 50" for the sum; 40 is this
            project's choice.
        heated_epochs: epochs after the switch; 10 is this project's choice.
    """

    alpha: float = 16.0
    heated_alpha: float = 4.0
    learning_rate: float = 0.004
    heated_learning_rate: float | None = None
    epochs: int = 40
    heated_epochs: int = 10

    def __post_init__(self) -> None:
        _ = self.phases

    @property
    def phases(self) -> tuple[Phase, ...]:
        """The phase before the switch and the heated one."""
        heated_rate = self.heated_learning_rate
        if heated_rate is None:
            heated_rate = self.learning_rate / 10
        return (
            Phase(self.epochs, self.alpha, self.learning_rate),
            Phase(self.heated_epochs, self.heated_alpha, heated_rate),
        )


@dataclass(frozen=True)
class Gradual:
    """Heat up gently, step by step from the start: strategy (i) of section 3.4.

    The paper tried it, found it as good as the switch, and gives no numbers: they are the released
    code's. With them, alpha goes from 16 to 4.05 and the rate from 0.004 to 0.0004 in 50 epochs.

    Args:
        alpha: alpha of the first epochs.
        learning_rate: rate of the first epochs.
        epochs: epochs in all.
        every: epochs between two steps.
        alpha_divisor: what a step divides alpha by; more than 1.
        rate_factor: what a step multiplies the rate with.

    Raises:
        ValueError: if a number is out of its range.
    """

    alpha: float = 16.0
    learning_rate: float = 0.004
    epochs: int = 50
    every: int = 10
    alpha_divisor: float = 1.41
    rate_factor: float = 0.562

    def __post_init__(self) -> None:
        if self.every < 1:
            raise ValueError(f"expected every to be 1 or more. Received: every={self.every}")
        if not (math.isfinite(self.alpha_divisor) and self.alpha_divisor > 1):
            raise ValueError(
                "expected alpha_divisor to be finite and more than 1, for alpha to fall. "
                f"Received: alpha_divisor={self.alpha_divisor}"
            )
        if not 0 < self.rate_factor <= 1:
            raise ValueError(
                "expected rate_factor to be more than 0 and at most 1. "
                f"Received: rate_factor={self.rate_factor}"
            )
        _ = self.phases

    @property
    def phases(self) -> tuple[Phase, ...]:
        """A phase for each step; the last one may be shorter."""
        starts = range(0, max(self.epochs, 1), self.every)
        return tuple(
            Phase(
                min(self.every, self.epochs - start),
                self.alpha / self.alpha_divisor**step,
                self.learning_rate * self.rate_factor**step,
            )
            for step, start in enumerate(starts)
        )


def total_epochs(schedule: Schedule) -> int:
    """Return the number of epochs of all phases together."""
    return sum(phase.epochs for phase in schedule.phases)


def phase_at(schedule: Schedule, epoch: int) -> Phase:
    """Return the phase that epoch number `epoch` (from 1) belongs to.

    Raises:
        ValueError: if the schedule has no such epoch.
    """
    end = 0
    for phase in schedule.phases:
        end += phase.epochs
        if 1 <= epoch <= end:
            return phase
    raise ValueError(f"expected epoch in 1..{total_epochs(schedule)}. Received: epoch={epoch}")
