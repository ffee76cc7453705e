"""Who may look at a network while it trains."""

from __future__ import annotations

from typing import Protocol

from hsm.experiments.config import RunConfig
from hsm.experiments.runs.evaluator import Evaluator
from hsm.models import EmbeddingModel


class Observer(Protocol):
    """Looks at a network while it trains, without changing it."""

    def __call__(
        self, config: RunConfig, epoch: int, *, model: EmbeddingModel, evaluator: Evaluator
    ) -> None:
        """Take the weights after `epoch`, 0 for the initial ones.

        Where a run is resumed, an epoch may come twice; one that another run trained does not come.
        """
