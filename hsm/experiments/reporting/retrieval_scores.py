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


def score_table(retrieval: Retrieval, config: RunConfig) -> str:
    """Return Recall@K, R-precision, MAP@R, NMI and, if there is one, the accuracy, in percent."""
    images = f"{len(retrieval.queries):,} images of {retrieval.queries.num_classes:,} classes"
    searched = "each looked up among the others"
    if retrieval.gallery is not None:
        searched = f"looked up in a gallery of {len(retrieval.gallery):,}"
    columns = _columns(retrieval)
    return to_text(
        Grid(
            title=f"{config.name} on {retrieval.name}, percent",
            header=("", *columns),
            rows=((config.method, *(f"{100 * value:.2f}" for value in columns.values())),),
            table_notes=(f"{images}, {searched}; features at unit length.", *_left_out(retrieval)),
        )
    )


def write_scores(retrieval: Retrieval, config: RunConfig, directory: Path) -> tuple[Path, ...]:
    """Write scores_NAME.json and scores_NAME.csv, fractions in 0..1, and return their paths."""
    claim_output_folder(directory)
    values = {"run": config.name, "config": config.to_json(), **retrieval.to_json()}
    text = json.dumps(values, indent=1) + "\n"
    path = write_text(directory / f"scores_{retrieval.name}.json", text)
    rows = [("measure", "value"), *((name, f"{v:.6f}") for name, v in _columns(retrieval).items())]
    return path, write_csv(path.with_suffix(".csv"), rows)


def _columns(retrieval: Retrieval) -> dict[str, float]:
    scores = retrieval.evaluation
    columns: dict[str, float | None] = {f"R@{k}": value for k, value in scores.recall.items()}
    columns["R-precision"], columns["MAP@R"] = scores.r_precision, scores.map_at_r
    columns["NMI (arithmetic)"] = scores.nmi_arithmetic
    columns["NMI (geometric)"] = scores.nmi_geometric
    columns["accuracy"] = retrieval.accuracy
    return {name: value for name, value in columns.items() if value is not None}


def _left_out(retrieval: Retrieval) -> tuple[str, ...]:
    if not retrieval.single:
        return ()
    return (f"Left out: {len(retrieval.single):,} classes of one image, which has none to find.",)
