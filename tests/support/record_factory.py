"""Made-up records with the schema of real ones, for the tests of tables and plots."""

from __future__ import annotations

from typing import Any

import numpy as np

from hsm.experiments.config import RunConfig
from hsm.records import pack_hits

QUERIES = 40
LEVELS = {"pretrained": 12, "SM": 20, "LN": 22, "BN": 25, "HLN": 26, "HBN": 30}


def first_hits(method: str, seed: int) -> np.ndarray:
    """Queries whose nearest neighbour is right: bool [QUERIES], the first LEVELS[method] + seed."""
    return np.arange(QUERIES) < LEVELS[method] + seed


def make_evaluation(method: str, seed: int, epoch: int) -> dict[str, Any]:
    """An evaluation whose recalls follow from `first_hits`; it gets worse away from epoch 50."""
    found = int(first_hits(method, seed).sum())
    recall = {
        str(k): min(1.0, (found + k - 1) / QUERIES - 0.002 * (50 - epoch)) for k in (1, 2, 4, 8)
    }
    return {
        "epoch": epoch,
        "recall": recall,
        "nmi_arithmetic": recall["1"] - 0.05,
        "nmi_geometric": recall["1"] - 0.04,
        "num_queries": QUERIES,
        "num_classes": 5,
    }


def make_record(method: str, *, seed: int = 0, dataset: str = "digits") -> dict[str, Any]:
    """A record of 40 + 10 epochs, evaluated every 10; "pretrained" has no epochs."""
    trained = method != "pretrained"
    first = 50 if method.startswith("H") else 10
    evaluated = range(first, 51, 10) if trained else [0]
    evaluations = [make_evaluation(method, seed, epoch) for epoch in evaluated]
    switch = make_evaluation(method, seed, 40) if trained else None
    hits = {
        str(k): pack_hits(np.arange(QUERIES) < first_hits(method, seed).sum() + k - 1)
        for k in (1, 2, 4, 8)
    }
    return {
        "schema": 1,
        "name": f"{dataset}-{method}-1a2b3c4d-seed{seed}",
        "method": method,
        "seed": seed,
        "config": RunConfig(
            dataset=dataset, method=method, seed=seed, weights="a.caffemodel"
        ).to_json(),
        "provenance": {
            "commit": "0123456789abcdef",
            "dirty": False,
            "versions": {"tensorflow": "2.21.0"},
            "hardware": {"cpu": "a processor", "cores": 2, "memory_gib": 8.0},
        },
        "data": {
            "name": dataset,
            "checksum": "feedbeef" * 8,
            "test": {"images": QUERIES, "classes": 5},
        },
        "seconds": {"train": 50.0, "evaluate": 10.0},
        "switch_epoch": 40,
        "epochs": [{"epoch": 50, "loss": 0.1}] if trained else [],
        "evaluations": evaluations,
        "final": make_evaluation(method, seed, 50 if trained else 0),
        "best": make_evaluation(method, seed, 50) if trained else None,
        "switch": switch,
        "unnormalized": make_evaluation(method, seed, 50 if trained else 0),
        "hits": {"final": hits, "switch": None},
    }
