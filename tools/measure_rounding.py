"""Trains one small network as other processors would, and says how far apart the results are.

    python tools/measure_rounding.py --json=experiments/robustness/rounding.json

The same run on digits with --deterministic, in a process for each of the settings: oneDNN held to
the instructions of older processors, oneDNN off, and another number of threads; the first setting
twice. Written down are which end with the same weights to the bit, and by how much the others
differ. Exits with 1 if the repeated run was another.
"""

from __future__ import annotations

import argparse
import functools
import hashlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

_ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(_ROOT / "tools"), str(_ROOT)]

import robustness_record  # noqa: E402
from rounding import table  # noqa: E402
from rounding.settings import SETTINGS, Setting  # noqa: E402

from hsm import processor  # noqa: E402

_PACKAGES = ("tensorflow", "keras", "numpy")
_RUN = ("--dataset=digits", "--methods=HBN", "--deterministic", "--epochs=12", "--heated_epochs=3")
_Weights = dict[str, NDArray[Any]]


def main(arguments: Sequence[str] | None = None) -> int:
    """Train as the arguments say; return the exit status."""
    options = _parser().parse_args(arguments)
    record = robustness_record.RecordWriter(options, _PACKAGES)
    with tempfile.TemporaryDirectory(prefix="rounding-") as folder:
        runs = list(_runs(options.folder or Path(folder), options))
    content = record.write({"processor": processor.name(), "runs": runs})
    print(table.markdown(content))
    return int(runs[0]["weights"] != runs[1]["weights"])


def _runs(folder: Path, options: argparse.Namespace) -> Iterator[dict[str, Any]]:
    """Yield what each setting gave, and how far that is from the first."""
    settings = SETTINGS[: options.settings]
    folders = [folder / str(number) for number in range(len(settings))]
    with ThreadPoolExecutor(options.processes) as pool:
        results = list(pool.map(functools.partial(_trained, options), folders, settings))
    first = results[0]
    for setting, (weights, recall) in zip(settings, results, strict=True):
        yield {
            "name": setting.name,
            "threads": setting.threads,
            "weights": _digest(weights),
            "recall": recall,
            "weights_apart": relative_difference(_model(first[0]), weights),
            "recall_apart": abs(recall - first[1]) / first[1],
        }


def _trained(options: argparse.Namespace, folder: Path, setting: Setting) -> tuple[_Weights, float]:
    """Return the weights, and R@1 of the last epoch, of a training in a process of its own."""
    flags = [*_RUN, f"--seeds={options.seed}", f"--threads={setting.threads}"]
    flags += ["--smoke"] if options.smoke else []
    if not any(folder.rglob("records/*.json")):  # Which a run that is finished has.
        subprocess.run(
            [sys.executable, "-m", "hsm.experiments.table1", *flags, f"--output_dir={folder}"],
            env={**os.environ, "PYTHONPATH": str(_ROOT), **setting.variables},
            stdout=subprocess.DEVNULL,
            check=True,
        )
    (path,) = folder.rglob("runs/*/checkpoint.npz")
    with np.load(path) as archive:
        progress = json.loads(archive["progress.json"].tobytes())
        weights = {key: archive[key] for key in archive if key != "progress.json"}
    return weights, _recall(progress)


def _recall(progress: Mapping[str, Any]) -> float:
    return float(progress["evaluations"][-1]["recall"]["1"])


def relative_difference(one: _Weights, other: _Weights) -> float:
    """Return the largest difference of two states, as a share of the variable's largest value."""
    return max(
        float(np.max(np.abs(other[key] - value), initial=0.0))
        / (float(np.max(np.abs(value), initial=0.0)) or 1.0)
        for key, value in one.items()
        if np.issubdtype(value.dtype, np.floating)
    )


def _model(weights: _Weights) -> _Weights:
    """Return the variables of the model, without those of the optimiser."""
    return {key: value for key, value in weights.items() if key.startswith("model/")}


def _digest(weights: _Weights) -> str:
    digest = hashlib.sha256()
    for key in sorted(weights):
        digest.update(key.encode() + weights[key].tobytes())
    return digest.hexdigest()[:16]


def _parser() -> argparse.ArgumentParser:
    parser = robustness_record.parser(__doc__)
    parser.add_argument("--settings", type=int, help="so many of them; default: all")
    parser.add_argument("--folder", type=Path, help="keep the runs there, and go on with them")
    parser.add_argument("--processes", type=int, default=1, help="so many at a time")
    parser.add_argument("--smoke", action="store_true", help="train for seconds")
    return parser


if __name__ == "__main__":
    sys.exit(main())
