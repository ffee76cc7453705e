"""Frozen values: what a run is, without TensorFlow and without flags."""

from hsm.experiments.config.methods import METHODS, PRETRAINED, Method
from hsm.experiments.config.run_config import RunConfig

__all__ = ["METHODS", "PRETRAINED", "Method", "RunConfig"]
