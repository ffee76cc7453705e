"""What a benchmark run is told, and what a round of a case gives back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

# Does one round and returns how much work that was: images, queries, or 1 for a single answer.
Round = Callable[[], float]


@dataclass(frozen=True)
class Settings:
    """The sizes of all cases.

    Attributes:
        precision: "float32" or "mixed_bfloat16".
        batch_size: images a step.
        image_size: side of the crops in pixels.
        steps: batches a round.
        queries: vectors of the cases recall and nmi; Products has 60,502.
        classes: their classes; Products has 11,316.
        devices: logical devices of the processor that share a batch, in the case train_head.
    """

    precision: str = "float32"
    batch_size: int = 32
    image_size: int = 224
    steps: int = 5
    queries: int = 60_502
    classes: int = 11_316
    devices: int = 1
