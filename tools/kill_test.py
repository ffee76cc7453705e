"""Kills small commands at random moments, starts them again, and compares with undisturbed ones.

    python tools/kill_test.py --kills=50 --seed=1 --json=experiments/robustness/kills.json

Training, evaluation, export, data preparation, records and the page: each runs once undisturbed,
and is then sent SIGKILL, SIGTERM or SIGINT at a moment that is drawn over the time of the
undisturbed run, or right before one of its writes, and started again, perhaps to be killed again,
until it ends. Its exit status must be the signal's, and at the end the folder must hold the same
files with the same weights, records and pages, apart from times. Commands run in forks of a process
that has imported TensorFlow, so that kills fall in work, not in imports. Exits with 1 if anything
differs.
"""

from __future__ import annotations

import argparse
import itertools
import json
import platform
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Mapping, Sequence
from importlib import import_module, metadata
from pathlib import Path
from typing import Any

_ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(_ROOT / "tools"), str(_ROOT)]

from killing import child, table  # noqa: E402
from killing.scenarios import NAMES, make_photographs, scenarios, train  # noqa: E402
from killing.trial import STATUS, Outcome, Trials  # noqa: E402

from hsm import atomic  # noqa: E402

_PACKAGES = ("tensorflow", "keras", "numpy")


def main(arguments: Sequence[str] | None = None) -> int:
    """Kill as the arguments say; return the exit status."""
    options = _parser().parse_args(arguments)
    begun, commit = time.monotonic(), _commit()
    _import()
    with tempfile.TemporaryDirectory(prefix="kills-") as folder:
        outcomes = _kill(Path(folder), options)
    content = {
        "schema": 1,
        "seed": options.seed,
        "commit": commit,
        "seconds": round(time.monotonic() - begun),
        **_content(outcomes),
    }
    if options.json:
        atomic.write_text(options.json, json.dumps(content, indent=1) + "\n")
    print(table.markdown(content))
    return int(any(outcome.wrong for outcome in outcomes.values()))


def _import() -> None:
    """Import what the commands need, and do nothing with it: the forks of a session hang."""
    from hsm.experiments.runs import environment

    environment.set_variables()
    environment.import_keras()
    for name in ("runs.runner", "runs.exporting", "studies.retrieval"):
        import_module(f"hsm.experiments.{name}")
    import_module("matplotlib.pyplot")


def _kill(folder: Path, options: argparse.Namespace) -> dict[str, Outcome]:
    """Kill in turn what is to be killed, until there were as many kills as are wanted."""
    given = folder / "given"
    given.mkdir()
    make_photographs(given / "photographs")
    trained = child.run(lambda: train(given / "trained"), (), given / "trained.log")
    if trained.status:
        raise RuntimeError(f"training failed undisturbed: {trained.said}")
    every = scenarios(given)
    drawn, left = random.Random(options.seed), options.kills
    trials: dict[str, Trials] = {}
    end = time.monotonic() + 60 * options.minutes
    for name in itertools.cycle(options.scenarios or NAMES):
        if left <= 0 or time.monotonic() > end:
            break
        if name not in trials:
            trials[name] = Trials(every[name], folder / name.replace(" ", "_"), drawn)
        before = len(trials[name].outcome.wrong)
        left -= trials[name].kill(left)
        _tell(name, trials[name].outcome, trials[name].outcome.wrong[before:])
    return {name: trial.outcome for name, trial in trials.items()}


def _tell(name: str, outcome: Outcome, wrong: Iterable[str]) -> None:
    print(f"{name}: {dict(outcome.kills)}", *wrong, sep="\n  ", flush=True)


def _content(outcomes: Mapping[str, Outcome]) -> dict[str, Any]:
    return {
        "python": platform.python_version(),
        "versions": {name: metadata.version(name) for name in _PACKAGES},
        "scenarios": {
            name: {
                **{number.name: outcome.kills[number.name] for number in STATUS},
                "at_writes": outcome.at_writes,
                "again": outcome.again,
                "finished": outcome.finished,
                "late": outcome.late,
                "wrong": len(outcome.wrong),
            }
            for name, outcome in outcomes.items()
        },
    }


def _commit() -> str:
    command = ["git", "-C", str(_ROOT), "rev-parse", "HEAD"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--kills", type=int, default=50, help="of all scenarios together")
    parser.add_argument("--minutes", type=float, default=60.0, help="begin no trial after these")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--scenarios", nargs="+", choices=NAMES, help="default: all")
    parser.add_argument("--json", type=Path, help="file to write the counts to")
    return parser


if __name__ == "__main__":
    sys.exit(main())
