"""From trained runs with an embedding of two dimensions to the panels of Figure 2."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from hsm.data.sources.source import ImageSource
from hsm.evaluation import damped_unit_length
from hsm.experiments.config import RunConfig
from hsm.experiments.config.run_record import RunRecord
from hsm.experiments.runs.build import load_model
from hsm.experiments.runs.evaluator import Evaluator
from hsm.experiments.runs.workspace import Workspace
from hsm.visual.class_planes import Plane


def embedding_planes(
    records: Sequence[RunRecord], source: ImageSource, workspace: Workspace
) -> list[Plane]:
    """Return the panels of every record in turn, of the test images; SM has two, the others one.

    Args:
        records: of finished runs, whose weights lie in `workspace`.
        source: the data that they were tested on.
        workspace: the output folder.

    Raises:
        ValueError: if a run's weights are gone, or its embedding has not two dimensions.
    """
    return [plane for record in records for plane in _planes_of_run(record, source, workspace)]


def _planes_of_run(record: RunRecord, source: ImageSource, workspace: Workspace) -> list[Plane]:
    config, accuracy = record.config, record.final.accuracy
    if accuracy is None:
        raise ValueError(
            "expected records that were scored by the accuracy, which Figure 2 tells. Received: "
            f"{record.name}"
        )
    if config.embedding_dim != 2:
        raise ValueError(
            f"expected embeddings of two dimensions. Received: embedding_dim={config.embedding_dim}"
        )
    model, _ = load_model(workspace.run_dir(config))
    features, labels = Evaluator(model.features, source, config).embed(source.test)
    weights = np.asarray(model.classifier.kernel).T
    scored = f"{100 * accuracy:.1f} %"
    units = damped_unit_length(features), labels, damped_unit_length(weights)
    if "alpha" in config.traits.settings:
        return [Plane(f"{title(config)}: {scored}", *units, on_circle=True)]
    return [
        Plane(f"{config.method}: {scored}", features, labels, weights, on_circle=False),
        Plane(f"{config.method}, normalised", *units, on_circle=True),
    ]


def title(config: RunConfig) -> str:
    """Return what the panel of a run is called, such as "HLN, α = 16 → 4"."""
    heated = f" → {config.heated_alpha:g}" if config.is_heated else ""
    return f"{config.method}, α = {config.initial_alpha:g}{heated}"


def angles_to_centres(plane: Plane) -> NDArray[np.float64]:
    """Return degrees between each point and the mean direction of its class, 0..180, [n]."""
    units = damped_unit_length(plane.points)
    classes = len(plane.weights)
    sums = np.stack([units[plane.labels == c].sum(axis=0) for c in range(classes)])
    centres = damped_unit_length(sums)[plane.labels]
    return np.degrees(np.arccos(np.clip(np.sum(units * centres, axis=1), -1.0, 1.0)))


def render(panels: Sequence[Plane]) -> str:
    """Return lines of a table: how compact each panel's classes are, how long its points."""
    lines = [
        "How far test images are from the mean direction of their class, and how long:",
        "",
        f"{'panel':<28} {'median':>8} {'90 %':>8}   length, 10 % to 90 %",
    ]
    for plane in panels:
        median, most = np.quantile(angles_to_centres(plane), [0.5, 0.9])
        short, long = np.quantile(np.linalg.norm(plane.points, axis=1), [0.1, 0.9])
        length = "1" if plane.on_circle else f"{short:.3g} to {long:.3g}"
        lines.append(f"{plane.title:<28} {median:>7.1f}° {most:>7.1f}°   {length}")
    return "\n".join(lines)
