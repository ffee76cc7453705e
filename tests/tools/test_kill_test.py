"""The kill test sees what it is there to see, and a few kills of real commands change nothing."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import kill_test
import numpy as np
import pytest
import robustness_record
from killing import child
from killing.child import Moment
from killing.compare import differences
from killing.outcome import Outcome
from killing.scenarios import Scenario
from killing.trial import Trials
from render_results import robustness_texts

from hsm import atomic

ROOT = Path(__file__).resolve().parents[2]
_TEXT = "content" * 1000


def _obey(number, frame):
    sys.exit(128 + number)


def _work(write, obey=_obey):
    """A command that writes three files, each unless it is there, with `write`."""

    def command(folder):
        signal.signal(signal.SIGTERM, obey)
        signal.signal(signal.SIGINT, obey)
        for name in ("a", "b", "c"):
            if not (folder / name).exists():
                write(folder / name)

    return Scenario("work", Path.mkdir, command)


def _whole(path):
    time.sleep(0.01)
    atomic.write_text(path, _TEXT)


def _in_parts(path):
    """Not whole or not at all: what is planted."""
    with path.open("w") as file:
        for start in range(0, len(_TEXT), 500):
            file.write(_TEXT[start : start + 500])
            file.flush()
            time.sleep(0.001)


def _with_scratch(path):
    """Leaves a folder behind when it is killed, under another name each time."""
    scratch = path.parent / f"scratch-{os.getpid()}-{path.name}"
    scratch.mkdir()
    time.sleep(0.01)
    atomic.write_text(path, _TEXT)
    scratch.rmdir()


def outcome(scenario, folder, kills=24):
    trials = Trials(scenario, folder / "trials", random.Random(3))
    while sum(trials.outcome.kills.values()) < kills:
        trials.kill(kills)
    return trials.outcome


def test_a_command_that_writes_whole_passes(tmp_path):
    found = outcome(_work(_whole), tmp_path)
    assert not found.wrong
    assert found.at_writes
    assert found.again
    assert set(found.kills) == {"SIGKILL", "SIGTERM", "SIGINT"}


def test_a_writer_that_is_not_atomic_is_seen(tmp_path):
    wrong = outcome(_work(_in_parts), tmp_path).wrong
    assert any("differs" in line for line in wrong)


def test_what_is_left_behind_is_seen(tmp_path):
    wrong = outcome(_work(_with_scratch), tmp_path).wrong
    assert any("was left behind" in line for line in wrong)


def test_another_status_is_seen(tmp_path):
    def disobey(number, frame):
        sys.exit(1)

    wrong = outcome(_work(_whole, disobey), tmp_path).wrong
    assert any("status 1\n" in line for line in wrong)


def test_a_command_that_does_not_end_is_seen(tmp_path, monkeypatch):
    monkeypatch.setattr(child, "_SECONDS", 0.3)
    ended = child.run(lambda: time.sleep(20), (), tmp_path / "log")
    assert ended.is_hung
    assert ended.seconds < 10


def test_a_signal_comes_before_the_write_that_is_named(tmp_path):
    def command():
        for number in range(5):
            (tmp_path / f"{number}.txt").write_text("")

    whole = child.run(command, (str(tmp_path), ".txt"), tmp_path / "log")
    assert (whole.status, whole.writes) == (0, 5)
    for path in tmp_path.glob("*.txt"):
        path.unlink()
    moment = Moment(signal.SIGKILL, write=3)
    assert child.run(command, (str(tmp_path), ".txt"), tmp_path / "log", moment).status == 137
    assert {path.name for path in tmp_path.glob("*.txt")} == {"0.txt", "1.txt", "2.txt"}


@pytest.mark.parametrize(
    ("weight", "loss", "same"), [(1.0, 2.0, True), (1.1, 2, False), (1, 3, False)]
)
def test_checkpoints_are_compared_to_the_bit_without_their_times(tmp_path, weight, loss, same):
    for folder, values, seconds in (("a", (1.0, 2.0), 3.0), ("b", (weight, loss), 4.0)):
        (tmp_path / folder).mkdir()
        progress = json.dumps({"epochs": [{"loss": float(values[1]), "seconds": seconds}]}).encode()
        arrays = {"w": np.float32(values[0]), "progress.json": np.frombuffer(progress, np.uint8)}
        np.savez(tmp_path / folder / "checkpoint.npz", **arrays)
    found = list(differences(tmp_path / "a", tmp_path / "b"))
    assert found == ([] if same else ["checkpoint.npz differs"])


def test_the_table_counts(tmp_path):
    counts = {"SIGKILL": 2, "SIGTERM": 1, "SIGINT": 0, "at_writes": 1, "again": 1}
    content = {
        "seed": 1,
        "commit": "0123456789",
        "seconds": 120,
        "python": "3.11",
        "versions": {"numpy": "2"},
        "scenarios": {name: {**counts, "finished": 2, "wrong": 0} for name in ("one", "two")},
    }
    (tmp_path / "kills.json").write_text(json.dumps(content))
    text = robustness_texts(tmp_path)["robustness:kills"]
    assert "| one | 2 | 1 | 0 | 1 | 1 | 2 | 0 |" in text
    assert "| **all** | 4 | 2 | 0 | 2 | 2 | 4 | 0 |" in text
    assert "6 kills, seed 1, Python 3.11, numpy 2; commit 0123456; 2 minutes." in text


@pytest.mark.slow
def test_a_few_kills_of_training_and_preparation_change_nothing(tmp_path):
    json_file = tmp_path / "kills.json"
    flags = ["--seed=2", "--more", f"--json={json_file}"]
    command = [sys.executable, str(ROOT / "tools" / "kill_test.py"), *flags]
    chosen = ["--scenarios", "checkpoint", "data preparation"]
    for kills in (2, 3):
        result = subprocess.run(
            [*command, f"--kills={kills}", *chosen], capture_output=True, text=True, timeout=300
        )
        assert result.returncode == 0, result.stdout + result.stderr
        content = json.loads(json_file.read_text())
        counts = content["scenarios"]
        assert sum(c["SIGKILL"] + c["SIGTERM"] + c["SIGINT"] for c in counts.values()) == kills
    assert not any(c["wrong"] for c in counts.values())
    assert content["seconds"] > 1


def test_counts_are_read_as_they_were_written():
    counts = {"SIGKILL": 2, "SIGTERM": 1, "SIGINT": 0, "at_writes": 1, "again": 1}
    counts |= {"finished": 2, "late": 3, "wrong": 4}
    assert Outcome.from_json(counts).to_json() == counts


def test_kills_of_another_commit_are_not_added_to(tmp_path):
    path = tmp_path / "kills.json"
    path.write_text(json.dumps({"commit": "0" * 40}))
    with pytest.raises(ValueError, match=f"{path}.* Received: those of 0000000; remove"):
        kill_test.main(["--more", f"--json={path}"])
    with pytest.raises(ValueError, match="expected --json=FILE with --more"):
        kill_test.main(["--more"])
    path.write_text(json.dumps({"commit": robustness_record.commit(), "seconds": 7}))
    assert kill_test._read(path)["seconds"] == 7
