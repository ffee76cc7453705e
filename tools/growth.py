"""Measures how time and memory of Recall@K and of training grow with their size, and draws it.

    FILES="--json=experiments/benchmarks/growth.json --plot=docs/images/growth"
    python tools/growth.py $FILES
    python tools/growth.py $FILES --draw

Training grows with the batch, with the classes of the softmax and with the devices that share a
batch: logical ones of the processor, which share its cores, so that they show what sharing costs.

Recall@K goes up to a million vectors of 64 dimensions, which take 13 minutes on two cores;
--queries, --batch_sizes, --classes and --devices choose other sizes. Every size is measured in a
process of its own, and what --json holds already is not measured again: name another file for
another machine.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from benchmark import machine
from benchmarks.cases import HSM
from benchmarks.growth_plot import draw
from benchmarks.settings import Settings
from benchmarks.worker import Worker

from hsm.output_folder import make_output_folder

_ROOT = Path(__file__).resolve().parent.parent
# As Products: 60,502 images of 11,316 classes.
_IMAGES_A_CLASS = 60_502 / 11_316
_HEAD_BATCH = 32
_SECONDS = 10.0  # What takes longer is measured once.


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure or reads the figures, and draw them; return the exit status."""
    options = _parse(arguments)
    os.environ["PYTHONPATH"] = os.pathsep.join([str(_ROOT), os.environ.get("PYTHONPATH", "")])
    results: dict[str, Any] = {"machine": machine(), "recall": [], "train": []}
    if options.json.exists():
        results = json.loads(options.json.read_text())
    if not options.draw:
        _measure(results, options)
    for path in draw(results, options.plot):
        print(path)
    return 0


def _measure(results: dict[str, Any], options: argparse.Namespace) -> None:
    """Add what is missing, and keep it."""
    known = {row["queries"] for row in results["recall"]}
    for count in options.queries:
        if count not in known:
            results["recall"].append(_recall(count))
            _keep(results, options.json)
    trained = {(row["precision"], row["batch_size"]) for row in results["train"]}
    for precision in ("float32", "mixed_bfloat16"):
        for size in options.batch_sizes:
            if (precision, size) not in trained:
                results["train"].append(_train(precision, size))
                _keep(results, options.json)
    for key in ("classes", "devices"):
        heads = results.setdefault(key, [])
        for count in getattr(options, key):
            if count not in {row[key] for row in heads}:
                heads.append(_head(key, count))
                _keep(results, options.json)


def _recall(count: int) -> dict[str, Any]:
    """Measure seconds and bytes of Recall@1, 10 and 100 of `count` vectors."""
    settings = Settings(queries=count, classes=round(count / _IMAGES_A_CLASS))
    turns = _turns("recall", settings)
    seconds = statistics.median(turn["wall"] for turn in turns)
    measured = {"queries": count, "seconds": seconds, "processor": turns[-1]["processor"]}
    return _said({**measured, "bytes": turns[-1]["peak"]})


def _train(precision: str, batch_size: int) -> dict[str, Any]:
    """Return images a second and bytes of a training step on `batch_size` images in memory."""
    settings = replace(Settings(precision), batch_size=batch_size, steps=3)
    turns = _turns("train", settings, warm_up=True)
    rate = statistics.median(turn["amount"] / turn["wall"] for turn in turns)
    measured = {"precision": precision, "batch_size": batch_size, "images_per_second": rate}
    return _said({**measured, "bytes": turns[-1]["peak"]})


def _head(key: str, count: int) -> dict[str, Any]:
    """Seconds a step and bytes with `count` classes, or as many devices that share a batch."""
    sizes = {"classes": 1000, "devices": 1, key: count}
    settings = Settings(batch_size=_HEAD_BATCH, classes=sizes["classes"], devices=sizes["devices"])
    turns = _turns("train_head", settings, warm_up=True)
    seconds = statistics.median(_HEAD_BATCH * turn["wall"] / turn["amount"] for turn in turns)
    return _said({key: count, "seconds_a_step": seconds, "bytes": turns[-1]["peak"]})


def _turns(case: str, settings: Settings, *, warm_up: bool = False) -> list[dict[str, float]]:
    """Time three rounds, or one where it takes long, after one that traces the graph."""
    with Worker(case, [HSM], settings) as worker:
        if warm_up:
            worker.round(HSM)
        first = worker.round(HSM)
        return [first, *(worker.round(HSM) for _ in range(2 if first["wall"] < _SECONDS else 0))]


def _said(result: dict[str, Any]) -> dict[str, Any]:
    print(json.dumps(result), flush=True)
    return result


def _keep(results: dict[str, Any], path: Path) -> None:
    make_output_folder(path.parent)
    path.write_text(json.dumps(results, indent=1) + "\n")


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    def sizes(text: str) -> list[int]:
        return [int(size) for size in text.split(",") if size]

    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    queries, batches = "1000,3000,10000,30000,100000,300000,1000000", "8,16,32,64,128,256"
    parser.add_argument("--queries", type=sizes, default=queries, help="%(default)s")
    parser.add_argument("--batch_sizes", type=sizes, default=batches, help="%(default)s")
    classes = "100,1000,10000,100000,1000000"
    parser.add_argument("--classes", type=sizes, default=classes, help="%(default)s")
    parser.add_argument("--devices", type=sizes, default="1,2,4,8", help="%(default)s")
    parser.add_argument("--json", type=Path, default="growth.json", help="%(default)s")
    parser.add_argument("--plot", type=Path, default="growth", help="without suffix; %(default)s")
    parser.add_argument("--draw", action="store_true", help="draw --json, and measure nothing")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
