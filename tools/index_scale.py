"""Measures what an index of many vectors takes: time to build, load and search it, and memory.

    python tools/index_scale.py --items=1000000 --kinds=ivf,hnsw

The vectors are drawn around the centres of classes of fifty. `search` is the time of one query for
its ten nearest, as the median of many; peak memory is that of a process that loads and searches.
"""

from __future__ import annotations

import argparse
import functools
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np

from hsm.serving import Index

_WIDTH, _PER_CLASS, _AT_ONCE, _QUERIES, _NEIGHBOURS = 64, 50, 10_000, 30, 10
_MIB, _KIB = 2**20, 2**10


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print a line each; return the exit status."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--items", type=int, default=1_000_000)
    parser.add_argument("--kinds", default="", help="of FAISS, such as flat,ivf,hnsw")
    parser.add_argument("--search", metavar="FILE", help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    kinds = [kind for kind in options.kinds.split(",") if kind]
    if options.search:
        _search(Path(options.search), kinds)
        return 0
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "scale.index"
        seconds = _timed(lambda: _build(path, options.items))
        size = sum(file.stat().st_size for file in path.parent.iterdir())
        print(
            f"build   {options.items:,} x {_WIDTH}: {seconds:.1f} s, {size / _MIB:,.0f} MiB of disk"
        )
        # A process of its own, whose memory building did not touch.
        command = [sys.executable, __file__, f"--search={path}", f"--kinds={options.kinds}"]
        return subprocess.run(command, check=False).returncode


def _build(path: Path, count: int) -> None:
    with Index.open(path, digest="scale") as index:
        for first, vectors in _drawn(count):
            ids = [f"{first + i:09d}.jpg" for i in range(len(vectors))]
            labels = [f"class {(first + i) // _PER_CLASS}" for i in range(len(vectors))]
            index.add(ids, vectors, labels)


def _drawn(count: int) -> Iterator[tuple[int, np.ndarray]]:
    """Yield vectors float32 [m, 64] of unit length, and the number of the first of them."""
    generator = np.random.default_rng(0)
    for first in range(0, count, _AT_ONCE):
        size = min(_AT_ONCE, count - first)
        centres = generator.normal(size=(-(-size // _PER_CLASS), _WIDTH))
        vectors = np.repeat(centres, _PER_CLASS, axis=0)[:size]
        vectors += 0.5 * generator.normal(size=vectors.shape)
        yield first, (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def _search(path: Path, kinds: Sequence[str]) -> None:
    before = _peak()
    start = time.perf_counter()
    with Index.open(path) as index:
        print(f"load    {time.perf_counter() - start:.1f} s, {_peak() - before:,.0f} MiB of memory")
        vectors = index.items().vectors[:: max(1, len(index) // _QUERIES)][:_QUERIES]
        _say_search("exact", index, vectors)
        print(f"        peak {_peak():,.0f} MiB")
        for kind in kinds:
            print(f"        {index.accelerate(kind)}")
            _say_search(kind, index, vectors)
            print(f"        peak {_peak():,.0f} MiB")
        print(f"add     one item: {1e3 * _timed(lambda: index.add(['new'], vectors[:1])):.1f} ms")


def _say_search(name: str, index: Index, vectors: np.ndarray) -> None:
    searches = [functools.partial(index.search, q[None], _NEIGHBOURS) for q in vectors]
    one = [_timed(search) for search in searches]
    many = _timed(lambda: index.search(vectors, _NEIGHBOURS)) / len(vectors)
    print(
        f"search  {name}: {1e3 * float(np.median(one)):.1f} ms a query, {1e3 * many:.1f} ms in a "
        f"batch of {len(vectors)}"
    )


def _peak() -> float:
    """Return the most memory that this process has had, in MiB; Linux alone says it."""
    # That of `resource` begins with what the process that started this one had.
    match = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    return int(match.group(1)) / _KIB if match else float("nan")


def _timed(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


if __name__ == "__main__":
    sys.exit(main())
