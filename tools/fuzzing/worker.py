"""A process that tries inputs one after another, and may be ended by one of them.

Arguments: a folder to work in, the seed, the bytes of memory that inputs may take, and JSON with
rows of a format, the first number of an input and that after the last. Prints a line of JSON before
and after every input.
"""

from __future__ import annotations

import json
import os
import resource
import sys
from pathlib import Path
from typing import Any

sys.path[:0] = [str(Path(__file__).parents[1]), str(Path(__file__).parents[2] / "tests")]

_STATUS = Path("/proc/self/status")


def main() -> None:
    """Try what the arguments name."""
    folder, seed, memory, rows = sys.argv[1:]
    # What libraries print must not be taken for a line.
    out = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    from fuzzing.formats import FORMATS
    from fuzzing.trial import Bench

    sys.dont_write_bytecode = True
    for number, (name, first, last) in enumerate(json.loads(rows)):
        bench = Bench(FORMATS[name], int(seed), Path(folder) / str(number) / "bench")
        bench.prepare()
        (bench.folder / "elsewhere").mkdir()
        os.chdir(bench.folder / "elsewhere")
        _limit(_status("VmSize") + int(memory))
        for index in range(first, last):
            _say(out, begun=index, format=name)
            outcome = bench.run(index)
            _say(
                out,
                done=index,
                format=name,
                kind=outcome.kind,
                detail=outcome.detail[:1000],
                crafted=outcome.is_crafted,
                resident=_status("VmRSS"),
                peak=_status("VmHWM"),
            )
        _limit(resource.RLIM_INFINITY)
        print(f"{name}: {last - first} inputs", file=sys.stderr)


def _say(out: Any, **values: Any) -> None:
    print(json.dumps(values), file=out)


def _limit(size: int) -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (size, hard))


def _status(name: str) -> int:
    """Return bytes that the system says the process takes."""
    (line,) = (line for line in _STATUS.read_text().splitlines() if line.startswith(f"{name}:"))
    return int(line.split()[1]) * 1024


if __name__ == "__main__":
    main()
