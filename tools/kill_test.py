"""Kills small commands at random moments, starts them again, and compares with undisturbed ones.

    python tools/kill_test.py --kills=50 --seed=1 --json=experiments/robustness/kills.json

Training, evaluation, export, data preparation, records and the page: each runs once undisturbed,
and is then sent SIGKILL, SIGTERM or SIGINT at a moment that is drawn over the time of the
undisturbed run, or right before one of its writes, and started again, perhaps to be killed again,
until it ends. Its exit status must be the signal's, and at the end the folder must hold the same
files with the same weights, records and pages, apart from times. Commands run in forks of a process
that has imported TensorFlow, so that kills fall in work, not in imports. With --more a record that
--minutes ended is added to. Exits with 1 if anything differs.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

_ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(_ROOT / "tools"), str(_ROOT)]

import robustness_record  # noqa: E402
from killing import child, table  # noqa: E402
from killing.outcome import Outcome  # noqa: E402
from killing.scenarios import NAMES, make_photographs, scenarios, train  # noqa: E402
from killing.trial import Trials  # noqa: E402

_PACKAGES = ("tensorflow", "keras", "numpy")


def main(arguments: Sequence[str] | None = None) -> int:
    """Kill as the arguments say; return the exit status."""
    options = _parser().parse_args(arguments)
    before = _read(options.json) if options.more else {}
    outcomes = {
        name: Outcome.from_json(counts) for name, counts in before.get("scenarios", {}).items()
    }
    record = robustness_record.RecordWriter(options, _PACKAGES, before.get("seconds", 0.0))
    _import()
    with tempfile.TemporaryDirectory(prefix="kills-") as folder:
        for name, wrong in _kill(Path(folder), outcomes, options):
            record.write(_content(outcomes))
            print(f"{name}: {dict(outcomes[name].kills)}", *wrong, sep="\n  ", flush=True)
    print(table.markdown(record.write(_content(outcomes))))
    return int(any(outcome.wrong for outcome in outcomes.values()))


def _read(path: Path | None) -> dict[str, Any]:
    """Return the record that more kills are added to; nothing if it is not there yet.

    Raises:
        ValueError: if no file is named, or if it is of another commit.
    """
    if path is None:
        raise ValueError("expected --json=FILE with --more. Received: none; name the record's file")
    if not path.exists():
        return {}
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    if content["commit"] != robustness_record.commit():
        raise ValueError(
            f"expected kills of the commit that is checked out in {path}. Received: those of "
            f"{content['commit'][:7]}; remove the file, or check that commit out"
        )
    return content


def _import() -> None:
    """Import what the commands need, and do nothing with it: the forks of a session hang."""
    from hsm.experiments.runs import environment

    environment.set_variables()
    environment.import_keras()
    for name in ("runs.runner", "runs.exporting", "studies.retrieval"):
        import_module(f"hsm.experiments.{name}")
    import_module("matplotlib.pyplot")


def _kill(
    folder: Path, outcomes: dict[str, Outcome], options: argparse.Namespace
) -> Iterator[tuple[str, list[str]]]:
    """Kill what was killed least so far, until there were as many kills as are asked for.

    Yields:
        What was killed, and a line for each thing that was wrong; `outcomes` has it counted.
    """
    given = folder / "given"
    given.mkdir()
    make_photographs(given / "photographs")
    trained = child.run(lambda: train(given / "trained"), (), given / "trained.log")
    if trained.status:
        raise RuntimeError(f"training failed undisturbed: {trained.said}")
    every = scenarios(given)
    left = options.kills - _killed(outcomes)
    drawn = random.Random(f"{options.seed} {_killed(outcomes)}")
    trials: dict[str, Trials] = {}
    end = time.monotonic() + 60 * options.minutes
    while left > 0 and time.monotonic() < end:
        name = min(options.scenarios or NAMES, key=lambda name: _tried(outcomes.get(name)))
        outcome = outcomes.setdefault(name, Outcome())
        if name not in trials:
            trials[name] = Trials(every[name], folder / name.replace(" ", "_"), drawn, outcome)
        before = len(outcome.wrong)
        left -= trials[name].kill(left)
        yield name, outcome.wrong[before:]


def _killed(outcomes: Mapping[str, Outcome]) -> int:
    return sum(outcome.kills.total() for outcome in outcomes.values())


def _tried(outcome: Outcome | None) -> int:
    return 0 if outcome is None else outcome.finished + outcome.late


def _content(outcomes: Mapping[str, Outcome]) -> dict[str, Any]:
    return {"scenarios": {name: outcome.to_json() for name, outcome in outcomes.items()}}


def _parser() -> argparse.ArgumentParser:
    parser = robustness_record.parser(__doc__)
    parser.add_argument("--kills", type=int, default=50, help="of all scenarios together")
    parser.add_argument("--minutes", type=float, default=60.0, help="begin no trial after these")
    parser.add_argument("--scenarios", nargs="+", choices=NAMES, help="default: all")
    parser.add_argument(
        "--more", action="store_true", help="count the kills of --json in, and add what lacks"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
