"""What a run gave becomes its record."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from hsm.data.sources.source import ImageSource, Split
from hsm.experiments.config import RunConfig
from hsm.experiments.config.run_record import RunRecord
from hsm.records import (
    DataFacts,
    EpochRow,
    EvaluationRow,
    Hits,
    PartCounts,
    Provenance,
    QueryScores,
    Record,
    best_evaluation,
)


def make_record(
    config: RunConfig,
    source: ImageSource,
    *,
    epochs: Iterable[Mapping[str, Any]],
    evaluations: Iterable[Mapping[str, Any]],
    seconds: Mapping[str, float],
    provenance: Provenance,
) -> RunRecord:
    """Return the record of a finished run.

    Args:
        config: of the run.
        source: what it was trained and tested on.
        epochs: the trainer's results.
        evaluations: the evaluator's scores, each with its epoch; one or more.
        seconds: wall time of what is neither training nor evaluation.
        provenance: of the run.
    """
    trained, scored = tuple(map(EpochRow.from_json, epochs)), [*evaluations]
    final = scored[-1]
    switch = next((e for e in scored if e["epoch"] == config.switch_epoch), None)
    rows = tuple(map(evaluation_row, scored))
    return Record(
        name=config.name,
        method=config.method,
        seed=config.seed,
        config=config,
        data=_data(source),
        seconds={
            "train": sum(row.seconds for row in trained),
            "evaluate": sum(row.seconds or 0.0 for row in rows),
            **seconds,
        },
        switch_epoch=config.switch_epoch,
        epochs=trained,
        evaluations=rows,
        final=rows[-1],
        best=best_evaluation(rows, after_epoch=_last_shared_epoch(config)),
        switch=None if switch is None else evaluation_row(switch),
        unnormalized=_unnormalized(final),
        hits=Hits(final=final["hits"], switch=switch and switch["hits"]),
        provenance=provenance,
        query_scores=QueryScores(final=each) if (each := final.get("query_scores")) else None,
    )


def evaluation_row(evaluation: Mapping[str, Any]) -> EvaluationRow:
    """Return the scores of an evaluation, without those of single queries.

    Args:
        evaluation: what an `Evaluator` returns, with its epoch.
    """
    apart = ("hits", "query_scores", "unnormalized")
    return EvaluationRow.from_json({k: v for k, v in evaluation.items() if k not in apart})


def _unnormalized(evaluation: Mapping[str, Any]) -> EvaluationRow | None:
    scores = evaluation.get("unnormalized")
    return scores and evaluation_row({"epoch": evaluation["epoch"], **scores})


def _last_shared_epoch(config: RunConfig) -> int:
    """Return the last epoch that counts for the method which this one heats up; -1 without one."""
    return config.epochs if config.is_heated and not config.is_gradual else -1


def _data(source: ImageSource) -> DataFacts:
    return DataFacts(
        name=source.name,
        checksum=source.checksum(),
        train=_counts(source.train),
        test=_counts(source.test),
        gallery=None if source.gallery is None else _counts(source.gallery),
        skipped=source.skipped,
        excluded_singletons=source.excluded_singletons,
        excluded_seen=source.excluded_seen,
        left_out={item.reason: item.count for item in source.left_out},
        test_images_that_train=len(source.test) if source.tests_training else len(source.copies()),
        turned=source.turned(),
    )


def _counts(split: Split) -> PartCounts:
    return PartCounts(images=len(split), classes=split.num_classes)
