"""Made-up records like real ones, for the tests of tables and plots."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from hsm.experiments.config import RunConfig
from hsm.experiments.config.run_record import RunRecord
from hsm.records import (
    DataFacts,
    EpochRow,
    EvaluationRow,
    Hardware,
    Hits,
    PartCounts,
    Provenance,
    Record,
    pack_hits,
)

QUERIES = 40
LEVELS = {"pretrained": 12, "SM": 20, "LN": 22, "BN": 25, "HLN": 26, "HBN": 30, "fashionnet": 18}
KS = (1, 2, 4, 8)

PROVENANCE = Provenance(
    commit="0123456789abcdef",
    dirty=False,
    python="3.11.7",
    versions={"tensorflow": "2.21.0"},
    hardware=Hardware(cpu="a processor", cores=2, memory_gib=8.0),
    started="2026-01-01T00:00:00+00:00",
    finished="2026-01-01T00:01:00+00:00",
)


def first_hits(method: str, seed: int) -> np.ndarray:
    """Queries whose nearest neighbour is right: bool [QUERIES], the first LEVELS[method] + seed."""
    return np.arange(QUERIES) < LEVELS[method] + seed


def make_evaluation(method: str, seed: int, epoch: int) -> EvaluationRow:
    """An evaluation whose recalls follow from `first_hits`; it gets worse away from epoch 50."""
    found = int(first_hits(method, seed).sum())
    recall = {k: min(1.0, (found + k - 1) / QUERIES - 0.002 * (50 - epoch)) for k in KS}
    return EvaluationRow(
        epoch=epoch,
        recall=recall,
        nmi_arithmetic=recall[1] - 0.05,
        nmi_geometric=recall[1] - 0.04,
        num_queries=QUERIES,
        num_gallery=None,
        num_classes=5,
    )


def make_epoch(epoch: int) -> EpochRow:
    """An epoch of training of a second."""
    return EpochRow(
        epoch=epoch,
        alpha=16.0,
        learning_rate=0.004,
        loss=0.1,
        accuracy=0.9,
        seconds=1.0,
        images_per_second=100.0,
    )


def make_record(method: str, *, seed: int = 0, dataset: str = "digits", **config: Any) -> RunRecord:
    """A record of 40 + 10 epochs, evaluated every 10; "pretrained" has no epochs.

    Args:
        method: what was trained.
        seed: of the run.
        dataset: name of its data.
        **config: further settings.
    """
    trained = method != "pretrained"
    evaluated = range(50 if method.startswith("H") else 10, 51, 10) if trained else [0]
    last = 50 if trained else 0
    level = first_hits(method, seed).sum()
    settings = {"weights": "a.caffemodel", **config}
    return Record(
        name=f"{dataset}-{method}-1a2b3c4d-seed{seed}",
        method=method,
        seed=seed,
        config=RunConfig(dataset=dataset, method=method, seed=seed, **settings),
        data=DataFacts(
            name=dataset,
            checksum="feedbeef" * 8,
            train=PartCounts(images=60, classes=6),
            test=PartCounts(images=QUERIES, classes=5),
        ),
        seconds={"train": 50.0, "evaluate": 10.0},
        switch_epoch=40,
        epochs=(make_epoch(50),) if trained else (),
        evaluations=tuple(make_evaluation(method, seed, epoch) for epoch in evaluated),
        final=make_evaluation(method, seed, last),
        best=make_evaluation(method, seed, 50) if trained else None,
        switch=make_evaluation(method, seed, 40) if trained else None,
        unnormalized=make_evaluation(method, seed, last),
        hits=Hits(
            final={str(k): pack_hits(np.arange(QUERIES) < level + k - 1) for k in KS}, switch=None
        ),
        provenance=PROVENANCE,
    )


def changed(record: Any, place: str, value: Any) -> Any:
    """`record` with another value at `place`, such as "final.recall.1" or "config.alpha"."""
    name, _, rest = place.partition(".")
    if isinstance(record, Mapping):
        key = int(name) if name.isdigit() else name
        return {**record, key: changed(record[key], rest, value) if rest else value}
    return replace(record, **{name: changed(getattr(record, name), rest, value) if rest else value})
