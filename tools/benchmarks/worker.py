"""Sides of a case, one or several, in a process that does a round whenever it is told to.

    python -m benchmarks.worker CASE SETTINGS SIDE [SIDE ...]

Reads lines: each names the side whose round is asked for. Writes a line of JSON each: first
{"ready": true}, then amount, wall seconds and processor seconds of the round, and the peak of the
process's memory in bytes.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from benchmarks.cases import CASES, HELD, build
from benchmarks.settings import Settings

_TOOLS = Path(__file__).resolve().parent.parent


class Worker:
    """The parent's end: sides of a case, running."""

    def __init__(self, case: str, sides: Sequence[str], settings: Settings) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.worker", case, json.dumps(vars(settings)), *sides],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=_TOOLS,
            env={**os.environ, **_variables(case, sides)},
        )
        self._name = f"{', '.join(sides)} in the case {case}"
        self._answer()

    def __enter__(self) -> Worker:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        where: TracebackType | None,
    ) -> None:
        self._process.kill()
        self._process.wait()

    def round(self, side: str) -> dict[str, float]:
        """Do one round of a side; all else waits meanwhile."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{side}\n")
        self._process.stdin.flush()
        return self._answer()

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if line.startswith("{"):  # Libraries print, too.
                return json.loads(line)
        raise RuntimeError(f"{self._name} ended with exit code {self._process.wait()}")


def _variables(case: str, sides: Sequence[str]) -> dict[str, str]:
    """Return what the process of these sides is told by its environment."""
    found = {
        key: value for side in sides for key, value in CASES[case].variables.get(side, {}).items()
    }
    if held := os.environ.get(HELD):
        # ATen, MKL and Inductor have switches of their own.
        found |= {"ATEN_CPU_CAPABILITY": held.lower(), "MKL_ENABLE_INSTRUCTIONS": held}
    return found


def main() -> None:
    """Serve the parent's requests in the child."""
    case, settings, *sides = sys.argv[1:]
    rounds = {side: build(case, side, Settings(**json.loads(settings))) for side in sides}
    print(json.dumps({"ready": True}), flush=True)
    for line in sys.stdin:
        do_round = rounds[line.rstrip("\n")]
        wall, processor = time.perf_counter(), time.process_time()
        amount = do_round()
        result = {
            "amount": amount,
            "wall": time.perf_counter() - wall,
            "processor": time.process_time() - processor,
            "peak": _peak_memory(),
        }
        print(json.dumps(result), flush=True)


def _peak_memory() -> int:
    """Return bytes that this process, or the largest of those that it started, held at once.

    `getrusage` would count what the parent held when it forked this process, too.
    """
    status = Path("/proc/self/status").read_text()
    own = next(line for line in status.splitlines() if line.startswith("VmHWM:"))
    children = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    return 1024 * max(int(own.split()[1]), children)


if __name__ == "__main__":
    main()
