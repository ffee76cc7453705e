"""The scores of a retrieval: a small table to read, JSON and CSV to keep."""

from __future__ import annotations

import json
from pathlib import Path

from hsm.atomic import write_text
from hsm.experiments.config import RunConfig
from hsm.experiments.reporting.grid import Grid, to_text
from hsm.experiments.studies.retrieval import Retrieval
from hsm.output_folder import claim_output_folder
from hsm.visual.files import write_csv


def score_table(found: Retrieval, config: RunConfig) -> str:
    """Recall@K, R-precision, MAP@R, NMI and, where there is one, the accuracy, in percent."""
    images = f"{len(found.queries):,} images of {found.queries.num_classes:,} classes"
    searched = "each looked up among the others"
    if found.gallery is not None:
        searched = f"looked up in a gallery of {len(found.gallery):,}"
    columns = _columns(found)
    return to_text(
        Grid(
            title=f"{config.name} on {found.name}, percent",
            header=("", *columns),
            rows=((config.method, *(f"{100 * value:.2f}" for value in columns.values())),),
            notes=(f"{images}, {searched}; features at unit length.", *_left_out(found)),
        )
    )


def write_scores(found: Retrieval, config: RunConfig, directory: Path) -> tuple[Path, ...]:
    """Write scores_NAME.json and scores_NAME.csv, fractions in 0..1, and return their paths."""
    claim_output_folder(directory)
    values = {"run": config.name, "config": config.to_json(), **found.to_json()}
    text = json.dumps(values, indent=1) + "\n"
    path = write_text(directory / f"scores_{found.name}.json", text)
    rows = [("measure", "value"), *((name, f"{v:.6f}") for name, v in _columns(found).items())]
    return path, write_csv(path.with_suffix(".csv"), rows)


def _columns(found: Retrieval) -> dict[str, float]:
    scores = found.evaluation
    columns: dict[str, float | None] = {f"R@{k}": value for k, value in scores.recall.items()}
    columns["R-precision"], columns["MAP@R"] = scores.r_precision, scores.map_at_r
    columns["NMI (arithmetic)"] = scores.nmi_arithmetic
    columns["NMI (geometric)"] = scores.nmi_geometric
    columns["accuracy"] = found.accuracy
    return {name: value for name, value in columns.items() if value is not None}


def _left_out(found: Retrieval) -> tuple[str, ...]:
    if not found.single:
        return ()
    return (f"Left out: {len(found.single):,} classes of one image, which has none to find.",)
