"""Measures the service on this machine: requests a second, how late answers are, memory.

    python tools/load_test.py --json=experiments/benchmarks/serving.json

A small network (28 x 28 pixels, 64 dimensions) is served with an index of the package's letters;
each request sends a picture as base64 and gets its ten neighbours. Loads of 1, 8 and 32 clients;
then one in ten pictures is broken; then as many requests as a day has seconds, before and after
which the memory is read. --shared says in the file that other work ran on the machine.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from benchmark import machine
from serving_load import table
from serving_load.clients import bodies, load
from serving_load.service import Running, prepare, running

from hsm.output_folder import make_output_folder

_ROOT = Path(__file__).resolve().parent.parent
_CLIENTS = (1, 8, 32)
_BROKEN_EVERY = 10
_DAY = 86_400


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print the table and keep the figures; return the exit status."""
    options = _parse(arguments)
    os.environ["PYTHONPATH"] = os.pathsep.join([str(_ROOT), os.environ.get("PYTHONPATH", "")])
    with tempfile.TemporaryDirectory() as folder:
        pictures = prepare(Path(folder))
        with running(Path(folder)) as service:
            measured = measure(service, pictures, options.requests, options.day)
    content = {"machine": machine(), "is_shared": options.shared, **measured}
    print(table.markdown(content))
    if options.json:
        make_output_folder(options.json.parent)
        options.json.write_text(json.dumps(content, indent=1) + "\n")
    return 0


def measure(service: Running, pictures: Sequence[bytes], requests: int, day: int) -> dict[str, Any]:
    """Return the loads, and the memory around the last one.

    Args:
        service: what is measured.
        pictures: PNG files.
        requests: of each client of the first loads.
        day: of the last load.
    """
    good, mixed = bodies(pictures), bodies(pictures, broken_every=_BROKEN_EVERY)
    loads = []

    def run(clients: int, count: int, broken_every: int | None = None) -> None:
        sent = good if broken_every is None else mixed
        answers = load(service, sent, count=count, clients=clients)
        told = {"clients": clients, "broken_every": broken_every, **answers.summary()}
        print(told, file=sys.stderr, flush=True)
        loads.append(told)

    load(service, good, count=requests, clients=max(_CLIENTS))  # Every size of batch was seen.
    for clients in _CLIENTS:
        run(clients, requests * clients)
    run(8, requests * 8, _BROKEN_EVERY)
    before = service.resident()
    run(max(_CLIENTS), day)
    return {"load": loads, "memory": {"before": before, "after": service.resident()}}


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", type=Path, help="file to write")
    parser.add_argument(
        "--requests", type=int, default=500, help="of each client (default: %(default)s)"
    )
    parser.add_argument(
        "--day", type=int, default=_DAY, help="of the last load (default: %(default)s)"
    )
    parser.add_argument("--shared", action="store_true", help="other work runs on the machine")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
