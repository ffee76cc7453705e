"""From recorded runs to the rows of Figure 4."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hsm.experiments.reporting.recorded_runs import Columns, RecordedRun, by_condition
from hsm.visual.similarity_histograms import Similarities, SimilarityRow

_KIND = "cosine_histograms"


def rows(runs: Sequence[RecordedRun]) -> list[SimilarityRow]:
    """Return a row for every condition among one data set's runs, densities averaged over seeds.

    Raises:
        ValueError: if the runs have embeddings of several widths, or two are alike.
        FileNotFoundError: if a record's histograms are not beside it.
    """
    widths = sorted({run.record.config.embedding_dim for run in runs})
    if len(widths) > 1:
        raise ValueError(
            "expected embeddings of one width, so that cosines compare. Received: those of "
            f"{runs[0].dataset} have {', '.join(map(str, widths))} dimensions. Choose one "
            "`embedding_dim`."
        )
    return [
        _row(condition, [run.columns(_KIND) for run in same])
        for condition, same in by_condition(runs).items()
    ]


def _row(title: str, seeds: Sequence[Columns]) -> SimilarityRow:
    edges = np.append(seeds[0]["low"], seeds[0]["high"][-1])

    def part(name: str) -> Similarities:
        same, different = (
            np.mean([columns[f"{name}_{kind}"] for columns in seeds], axis=0)
            for kind in ("same", "different")
        )
        return Similarities(edges, same, different)

    return SimilarityRow(title, part("train"), part("test"))
