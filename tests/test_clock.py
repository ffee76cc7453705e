"""A clock that jumps changes no result: durations are of a clock that only goes forward."""

from __future__ import annotations

import ast
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from support.record_factory import make_record

import hsm
from hsm import records
from hsm.experiments.config import run_record

# Where the date is taken: for the provenance of a record alone.
_DATED = ["experiments/runs/runner.py"]
_CLOCKS = ("time.time", "time.time_ns", "datetime.now", "datetime.utcnow", "datetime.today")


def clocks(path: Path) -> list[str]:
    """The calls of a file that read the clock on the wall."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    called = [ast.unparse(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)]
    return [name for name in called if name.endswith(_CLOCKS) and "loop()" not in name]


def test_the_wall_clock_is_read_for_provenance_alone():
    package = Path(hsm.__file__).parent
    found = [path for path in sorted(package.rglob("*.py")) if clocks(path)]
    assert [path.relative_to(package).as_posix() for path in found] == _DATED


@pytest.mark.parametrize("code", ["import time\ntime.time()", "datetime.now(UTC)"])
def test_a_clock_is_found(tmp_path, code):
    (tmp_path / "module.py").write_text(code)
    assert clocks(tmp_path / "module.py")


def test_a_run_that_ended_before_it_began_is_written_and_read(tmp_path):
    record = make_record("BN")
    dates = {
        "started": datetime(2030, 1, 1, tzinfo=UTC).isoformat(),
        "finished": datetime(2001, 1, 1, tzinfo=UTC).isoformat(),
    }
    jumped = replace(record, provenance=replace(record.provenance, **dates))
    path = records.write(jumped, tmp_path)
    assert run_record.read(path) == jumped
