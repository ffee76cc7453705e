"""Runs that differ in precision and seed only → how their scores go, epoch by epoch."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any


def markdown(records: Iterable[Mapping[str, Any]]) -> str:
    """A row a run: Recall@1 at every evaluated epoch, and the NMI at the last, percent."""
    runs = sorted(records, key=lambda run: (run["config"]["precision"], run["seed"]))
    epochs = [evaluation["epoch"] for evaluation in runs[0]["evaluations"]]
    columns = [*(f"R@1, epoch {epoch}" for epoch in epochs), f"NMI, epoch {epochs[-1]}"]
    lines = [f"| Precision | Seed | {' | '.join(columns)} |", "|---|---:" + "|---:" * len(columns)]
    for run in runs:
        found = [evaluation["recall"]["1"] for evaluation in run["evaluations"]]
        cells = " | ".join(f"{100 * x:.2f}" for x in (*found, run["final"]["nmi_arithmetic"]))
        lines.append(f"| {run['config']['precision']} | {run['seed']} | {cells} |")
    return "\n".join([lines[0], lines[1] + "|", *lines[2:]])
