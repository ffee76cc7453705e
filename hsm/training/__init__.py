"""Training: one update, the checkpoint, the loop over epochs, and the heat-up for `model.fit`."""

from hsm.training.callback import HeatUpCallback
from hsm.training.loop import NonFiniteLossError, Trainer
from hsm.training.objective import OutputObjective, SoftmaxObjective
from hsm.training.raw_momentum import RawMomentumSGD
from hsm.training.step import TrainStep

__all__ = [
    "HeatUpCallback",
    "NonFiniteLossError",
    "OutputObjective",
    "RawMomentumSGD",
    "SoftmaxObjective",
    "TrainStep",
    "Trainer",
]
