"""Frozen values: what a run is, without TensorFlow and without flags."""

from hsm.experiments.config.run_config import METHODS, PRETRAINED, RunConfig

__all__ = ["METHODS", "PRETRAINED", "RunConfig"]
