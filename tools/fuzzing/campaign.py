"""Try many inputs of every format in processes that may end, and count what became of them."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fuzzing.kinds import CRASH, GREW, HANG, READ, REFUSED

_SECONDS = 120.0  # Of an input, and of what comes before the first; far beyond any that ends.
# Of an input: bytes beyond what its process had before, and addresses, as a last resort.
_GROWTH = 2**30
_ADDRESSES = 32 * 2**30
_LOOK = 0.05  # Seconds between two looks at a process.
# A process warms up in its first inputs of a format: graphs are traced, buffers are grown.
_WARM = 20
_WORKER = Path(__file__).with_name("worker.py")


@dataclass
class Counts:
    """What became of the inputs of one format.

    Attributes:
        kinds: inputs by what became of them.
        failures: a line for each that was neither read nor refused.
        growth: MiB that the process grew by between its first inputs and its last.
    """

    kinds: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)
    growth: float = 0.0
    _warm: int = 0

    def add(self, number: int, answer: Mapping[str, Any]) -> None:
        """Count the answer of a worker."""
        kind = answer["kind"]
        self.kinds[kind] += 1
        if kind not in (READ, REFUSED):
            crafted = "crafted" if answer.get("crafted") else "damaged"
            self.failures.append(f"{number} ({crafted}): {kind}: {answer['detail']}")
        if "resident" in answer and self.kinds.total() == _WARM:
            self._warm = answer["resident"]
        if self._warm and "resident" in answer:
            self.growth = (answer["resident"] - self._warm) / 2**20


def run(numbers: Mapping[str, range], *, seed: int) -> Iterator[tuple[str, Counts]]:
    """Try the inputs `numbers` of every format; yield the counts of each as it is done."""
    results, left = {name: Counts() for name in numbers}, dict(numbers)
    while left:
        _run_worker(results, left, seed=seed)
        for name in [name for name, inputs in left.items() if not inputs]:
            del left[name]
            yield name, results[name]


def _run_worker(results: Mapping[str, Counts], left: dict[str, range], *, seed: int) -> None:
    """Try what is left in one process until it ends; what was tried is left no more."""
    name, under_way = next(iter(left)), None
    with tempfile.TemporaryDirectory(prefix="fuzz-", dir=_memory_disk()) as scratch:
        worker = _started(Path(scratch), seed, [(n, i.start, i.stop) for n, i in left.items()])
        try:
            for answer in _answers(worker):
                name, under_way = answer["format"], answer.get("begun")
                if under_way is None:
                    results[name].add(answer["done"], answer)
                    left[name] = left[name][1:]
            kind, detail = CRASH, f"ended with status {worker.wait()}"
        except TimeoutError:
            kind, detail = HANG, f"not done within {_SECONDS:.0f} s"
        except MemoryError:
            kind, detail = GREW, f"took over {_GROWTH / 2**20:.0f} MiB"
        finally:
            worker.kill()
            worker.wait()
    if not any(left.values()):
        return
    if under_way is None or worker.returncode == 1:  # Python's own end, by a fault of ours.
        raise RuntimeError(
            f"the worker of {name} {detail}, input {under_way}; FUZZ_STDERR=1 shows why"
        )
    results[name].add(under_way, {"kind": kind, "detail": detail})
    left[name] = left[name][1:]


def _memory_disk() -> str | None:
    """Return a folder in memory, where there is one: inputs are small, and disks slow."""
    return "/dev/shm" if os.access("/dev/shm", os.W_OK) else None


def _started(scratch: Path, seed: int, rows: Sequence[tuple[str, int, int]]) -> subprocess.Popen:
    for name in ("home", "temporary"):
        (scratch / name).mkdir()
    environment = {
        **os.environ,
        "HOME": str(scratch / "home"),
        "TMPDIR": str(scratch / "temporary"),
        "XDG_CACHE_HOME": str(scratch / "home"),
        "TF_CPP_MIN_LOG_LEVEL": "3",
    }
    arguments = [str(scratch), str(seed), str(_ADDRESSES), json.dumps(rows)]
    return subprocess.Popen(
        [sys.executable, str(_WORKER), *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL if not os.environ.get("FUZZ_STDERR") else None,
        text=True,
        env=environment,
    )


def _answers(worker: subprocess.Popen) -> Iterator[dict[str, Any]]:
    """Yield what a worker says until it ends.

    Raises:
        TimeoutError: if it says nothing for long.
        MemoryError: if it takes far more memory than when it last said something.
    """
    lines: queue.SimpleQueue[str] = queue.SimpleQueue()
    stream = worker.stdout
    if stream is None:
        return

    def forward() -> None:
        for line in stream:
            lines.put(line)
        lines.put("")

    threading.Thread(target=forward, daemon=True).start()
    while line := _line(lines, worker):
        yield json.loads(line)


def _line(lines: queue.SimpleQueue[str], worker: subprocess.Popen) -> str:
    """Return the next line of a worker, or "" at its end, and look at its memory meanwhile."""
    end, before = time.monotonic() + _SECONDS, _resident(worker.pid)
    while time.monotonic() < end:
        with contextlib.suppress(queue.Empty):
            return lines.get(timeout=_LOOK)
        now = _resident(worker.pid)
        # Importing TensorFlow is no input.
        if before > _GROWTH / 2 and now - before > _GROWTH:
            raise MemoryError
    raise TimeoutError


def _resident(pid: int) -> int:
    """Return bytes of memory that a process holds; 0 if it has ended."""
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * resource.getpagesize()
    except (OSError, IndexError):
        return 0
