"""Tries damaged and hostile files on every reader, and writes down what became of them.

    python tools/fuzz.py --inputs=12000 --seed=1 --json=experiments/robustness/fuzz.json

An input is a whole file of a format with one change: a bit or a byte, a cut, an insertion, a block
of zeros or a block twice, a number that is huge; or, with right checksums, what somebody writes who
knows the format. It must be read with values that are right in kind, or refused in a sentence that
names the file. Inputs are tried in processes of their own with a limit of time and memory; a seed
gives the same inputs again. Exits with 1 if an input failed.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

_ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(_ROOT / "tools"), str(_ROOT / "tests"), str(_ROOT)]

import robustness_record  # noqa: E402
from fuzzing import campaign, table  # noqa: E402
from fuzzing.campaign import Counts  # noqa: E402
from fuzzing.formats import FORMATS  # noqa: E402

_PACKAGES = ("tensorflow", "keras", "numpy", "h5py", "scipy", "protobuf", "array_record")


def main(arguments: Sequence[str] | None = None) -> int:
    """Fuzz as the arguments say; return the exit status."""
    options = _parser().parse_args(arguments)
    chosen = [name for name in FORMATS if not options.formats or name in options.formats]
    record = robustness_record.RecordWriter(options, _PACKAGES)
    results: dict[str, Counts] = {}
    for name, counts in campaign.run(_shares(chosen, options.inputs), seed=options.seed):
        results[name] = counts
        print(f"{name}: {dict(counts.kinds)}, {counts.growth:+.0f} MiB", flush=True)
        for failure in counts.failures[: options.show]:
            print(f"  {failure}", flush=True)
    print(table.markdown(record.write(_content(results))))
    return int(any(counts.failures for counts in results.values()))


def _shares(names: Sequence[str], inputs: int) -> dict[str, range]:
    """Return how many of all inputs each format gets: one at least."""
    total = sum(FORMATS[name].share for name in names)
    return {name: range(max(1, round(inputs * FORMATS[name].share / total))) for name in names}


def _content(results: Mapping[str, Counts]) -> dict[str, Any]:
    return {
        "formats": {
            name: {
                "inputs": counts.kinds.total(),
                **{kind: counts.kinds[kind] for kind in table.KINDS},
                "growth_mib": round(max(0.0, counts.growth), 1),
            }
            for name, counts in results.items()
        },
    }


def _parser() -> argparse.ArgumentParser:
    parser = robustness_record.parser(__doc__)
    parser.add_argument("--inputs", type=int, default=1000, help="of all formats together")
    parser.add_argument("--formats", nargs="+", choices=list(FORMATS), help="default: all")
    parser.add_argument("--show", type=int, default=10, help="failures shown of each format")
    return parser


if __name__ == "__main__":
    sys.exit(main())
