"""The record of `tools/measure_first_steps.py` → the table on a page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_HEAD = (
    "| Trained | Steps | Gradient, first step | Median | Largest | At the end | "
    "Loss at the end | Accuracy |"
)


def markdown(content: Mapping[str, Any]) -> str:
    """Return the table of one set of photographs, and how it was measured."""
    rows = [_row(name, arm) for name, arm in content["arms"].items()]
    return "\n".join(
        [_HEAD, "|---|---:|---:|---:|---:|---:|---:|---:|", *rows, "", _about(content)]
    )


def _row(name: str, arm: Mapping[str, Any]) -> str:
    norm = arm["norm"]
    norms = " | ".join(f"{norm[key]:.3g}" for key in ("first", "median", "largest", "last"))
    return f"| {name} | {arm['steps']} | {norms} | {arm['loss']:.2f} | {arm['accuracy']:.1%} |"


def _about(content: Mapping[str, Any]) -> str:
    settings, machine = content["settings"], content["machine"]
    return (
        f"Global norm of the gradient at the backbone, {settings['backbone']}; median and largest "
        f"of the first {settings['steps']} steps; loss and accuracy on the training images of the "
        f"last 32 steps. What is raised has its value after half of the steps; clipped to a global "
        f"norm of {settings['clip']:g}. Seed {settings['seed']}, commit {machine['commit'][:7]}, "
        f"TensorFlow {machine['versions']['tensorflow']}, {machine['hardware']['cpu']}."
    )
