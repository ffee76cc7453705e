"""From recorded runs to what they say on two remarks of the text, in numbers and in sentences."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hsm.experiments.config import METHODS
from hsm.experiments.reporting.metric_columns import ks, nmi, nmi_average, recall
from hsm.experiments.reporting.recorded_runs import RecordedRun, by_condition
from hsm.experiments.reporting.summary import score
from hsm.visual.remark_panels import QUANTILES, RemarkRow

# Without and with l2-normalisation in training.
_OF_SECTION_3_3 = ("SM", "LN")
_PARTS = {"training": "train", "test": "test"}


def rows(runs: Sequence[RecordedRun]) -> list[RemarkRow]:
    """Return a row for every condition among one data set's runs; numbers are means over seeds.

    Raises:
        ValueError: if two runs are alike.
        FileNotFoundError: if a record's feature norms are not beside it.
    """
    return [_row(title, same) for title, same in by_condition(runs).items()]


def _row(title: str, same: Sequence[RecordedRun]) -> RemarkRow:
    config = same[0].record.config
    color = None if config.is_pretrained else METHODS.style(config.method).color
    return RemarkRow(title, config.method, _norms(same), _scores(same), color)


def sentences(rows: Sequence[RemarkRow]) -> list[str]:
    """Return what the rows say on both remarks, where they have the methods for it."""
    sentences = []
    by_method = {row.method: row for row in reversed(rows)}
    if set(_OF_SECTION_3_3) <= by_method.keys():
        sm, ln = (by_method[method].spread("test") for method in _OF_SECTION_3_3)
        holds = "agrees" if ln < 0.5 * sm else "does not agree"
        sentences.append(
            "Section 3.3: norms are very similar with l2-normalisation in training and vary widely "
            f"without. Here LN's spread is {ln / sm:.2f} times SM's on test images, which {holds} "
            "(half of it or less would)."
        )
    names = dict.fromkeys(name for row in rows for name in row.scores)
    for name in names:
        gains = [row.scores[name][0] - row.scores[name][1] for row in rows if name in row.scores]
        more = sum(gain > 0 for gain in gains)
        sentences.append(
            f"Section 5.2: normalised features score slightly better. Here in {name} for {more} of "
            f"{len(gains)} rows, by {min(gains):+.2f} to {max(gains):+.2f} points."
        )
    return sentences


def _norms(same: Sequence[RecordedRun]) -> dict[str, np.ndarray]:
    tables = [run.columns("feature_norms") for run in same]
    return {
        name: np.mean([np.interp(QUANTILES, t["quantile"], t[column]) for t in tables], axis=0)
        for name, column in _PARTS.items()
    }


def _scores(same: Sequence[RecordedRun]) -> dict[str, tuple[float, float]]:
    """Return percent at unit length and of raw features; nothing without the latter."""
    records = [run.record for run in same]
    scores = {}
    for column in (*map(recall, ks(records)[:1]), nmi(nmi_average(records))):
        normalized, plain = (
            score(column.at(stage, record) for record in records)
            for stage in ("final", "unnormalized")
        )
        if normalized is not None and plain is not None:
            scores[column.label] = (100 * normalized.mean, 100 * plain.mean)
    return scores
