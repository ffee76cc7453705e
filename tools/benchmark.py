"""Times hsm on this machine, against what one would use instead, and against what is possible.

    python tools/benchmark.py --only=train,embed --precision=mixed_bfloat16
    python tools/benchmark.py --json=experiments/benchmarks/all.json
    python tools/benchmark.py --only=train,embed --check

Every side of a case is a process of its own, and they take turns, so that a machine that slows down
slows all of them down: the ratios count, not the times. A step with data and a step without share a
process, lest what differs from process to process pass for a cost of data. Peers that are
not installed are left out; `pip install -e ".[bench]"` brings them; on a machine without a GPU,
install the processor build of torch before. "GEMM" is the rate of square matrix products in the
same precision, measured in the same turns. Cases that --json holds already are replaced if they are
run again, and kept if not: name another file for another machine, and one for --instructions.
--check compares ratios with the committed ones of the same kind of machine (see
`benchmarks/check.py` for its band).
"""

from __future__ import annotations

import argparse
import contextlib
import importlib.metadata
import json
import os
import platform
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from benchmarks import check, table
from benchmarks.cases import CASES, HELD, missing
from benchmarks.settings import Settings
from benchmarks.worker import Worker

from hsm import processor, records
from hsm.experiments.runs import environment
from hsm.output_folder import make_output_folder

_ROOT = Path(__file__).resolve().parent.parent
_PRECISIONS = ("float32", "mixed_bfloat16")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the cases and print their table; return the exit status."""
    options = _parse(arguments)
    if options.instructions:
        os.environ[HELD] = options.instructions
    environment.set_variables()  # The sides are hsm's commands, and start as these do.
    os.environ["PYTHONPATH"] = os.pathsep.join([str(_ROOT), os.environ.get("PYTHONPATH", "")])
    here = machine()
    results: dict[str, Any] = {"machine": here, "cases": []}
    if options.json and options.json.exists():
        results = json.loads(options.json.read_text())
    for precision in options.precision:
        for case in options.only:  # None with --only=, to check what --json holds.
            if precision != options.precision[0] and not CASES[case].depends_on_precision:
                continue
            settings = Settings(
                precision,
                options.batch_size,
                options.image_size,
                options.steps,
                options.queries,
                options.classes,
            )
            result = {**run(case, settings, options.rounds), "commit": here["commit"]}
            print(table.text(result), flush=True)
            results["cases"] = [*_others(results["cases"], result), result]
            if options.json:
                make_output_folder(options.json.parent)
                options.json.write_text(json.dumps(results, indent=1) + "\n")
    return _check(results, options.records) if options.check else 0


def _check(results: dict[str, Any], records: Path) -> int:
    """1 if a ratio has fallen below that of a committed record, 2 if there is none of the kind."""
    contents = [json.loads(path.read_text()) for path in sorted(records.glob("*.json"))]
    committed = [
        content
        for content in contents
        if "cases" in content and check.same_kind(results["machine"], content["machine"])
    ]
    if not committed:
        print(f"{records} holds no record of this kind of machine: write one with --json")
        return 2
    lines = [line for content in committed for line in check.fallen(results, content)]
    print("\n".join(lines) or "no ratio has fallen")
    return 1 if lines else 0


def run(case: str, settings: Settings, rounds: int) -> dict[str, Any]:
    """Time all sides of a case in turns, after one round each to warm up."""
    chosen = CASES[case]
    left_out = {side: missing(case, side, settings) for side in chosen.sides}
    sides = [side for side, package in left_out.items() if package is None]
    with contextlib.ExitStack() as stack:
        workers = {
            side: worker
            for group in ([sides] if chosen.share_a_process else [[side] for side in sides])
            for worker in [stack.enter_context(Worker(case, group, settings))]
            for side in group
        }
        if chosen.rounds > 1:
            for side, worker in workers.items():
                worker.round(side)
        turns = [
            {side: worker.round(side) for side, worker in workers.items()}
            for _ in range(min(rounds, chosen.rounds))
        ]
    return {
        "case": case,
        "settings": vars(settings),
        "sides": {side: [turn[side] for turn in turns] for side in sides},
        "left_out": {side: package for side, package in left_out.items() if package},
        **_work(case, settings),
    }


def _others(cases: list[dict[str, Any]], result: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the cases that `result` does not replace."""

    def key(case: dict[str, Any]) -> tuple[str, str]:
        return case["case"], case["settings"]["precision"]

    return [case for case in cases if key(case) != key(result)]


def machine() -> dict[str, Any]:
    """Return what the figures were measured on and with."""
    packages = (
        "torch",
        "jax",
        "onnxruntime",
        "openvino",
        "faiss-cpu",
        "pytorch-metric-learning",
        "threadpoolctl",
    )
    provenance = records.provenance(started="", finished="").to_json()
    kept = ("commit", "dirty", "python", "versions", "hardware")
    installed = {dist.metadata["Name"] for dist in importlib.metadata.distributions()}
    versions = {name: importlib.metadata.version(name) for name in packages if name in installed}
    origin = {key: provenance[key] for key in kept}
    return {
        **origin,
        "versions": {**origin["versions"], **versions},
        "system": platform.platform(),
        "instructions": processor.instructions(),
        "held_to": os.environ.get(HELD),
    }


def _work(case: str, settings: Settings) -> dict[str, float]:
    """Return operations per image, where a limit follows from them."""
    if not CASES[case].passes:
        return {}
    from benchmarks.networks import flops_per_image

    return {"flops_per_image": CASES[case].passes * flops_per_image(settings.image_size)}


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    defaults = Settings()
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", default=",".join(CASES), help="some of %(default)s")
    parser.add_argument("--precision", default=",".join(_PRECISIONS), help="%(default)s")
    parser.add_argument("--rounds", type=int, default=5, help="%(default)s, after one to warm up")
    parser.add_argument(
        "--instructions",
        choices=("AVX2",),
        help="hold oneDNN, PyTorch and XLA to these; who has no switch is left out",
    )
    parser.add_argument(
        "--check",
        action="store_true",
        help="compare the ratios, those that --json holds too, with --records; fail if one fell",
    )
    parser.add_argument(
        "--records", type=Path, default=_ROOT / "experiments" / "benchmarks", help="%(default)s"
    )
    parser.add_argument("--json", type=Path, help="file to write the figures to; default: none")
    for name in ("batch_size", "image_size", "steps", "queries", "classes"):
        parser.add_argument(
            f"--{name}", type=int, default=getattr(defaults, name), help="%(default)s"
        )
    options = parser.parse_args(arguments)
    for name, allowed in (("only", tuple(CASES)), ("precision", _PRECISIONS)):
        chosen = [value for value in getattr(options, name).split(",") if value]
        if unknown := [value for value in chosen if value not in allowed]:
            parser.error(f"--{name} takes some of {', '.join(allowed)}. Received: {unknown[0]!r}")
        setattr(options, name, chosen)
    return options


if __name__ == "__main__":
    sys.exit(main())
