"""Runs that differ in precision and seed only → how their scores go, epoch by epoch."""

from __future__ import annotations

from collections.abc import Iterable

from hsm.experiments.config.run_record import RunRecord


def markdown(records: Iterable[RunRecord]) -> str:
    """Return a row a run: Recall@1 at every evaluated epoch, and the NMI at the last, percent."""
    runs = sorted(records, key=lambda run: (run.config.precision, run.seed))
    epochs = [row.epoch for row in runs[0].evaluations]
    columns = [*(f"R@1, epoch {epoch}" for epoch in epochs), f"NMI, epoch {epochs[-1]}"]
    lines = [f"| Precision | Seed | {' | '.join(columns)} |", "|---|---:" + "|---:" * len(columns)]
    for run in runs:
        scores = [*(row.recall.get(1) for row in run.evaluations), run.final.nmi_arithmetic]
        cells = " | ".join("–" if score is None else f"{100 * score:.2f}" for score in scores)
        lines.append(f"| {run.config.precision} | {run.seed} | {cells} |")
    return "\n".join([lines[0], lines[1] + "|", *lines[2:]])
