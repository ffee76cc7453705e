"""What is said of two trainings: whether their bits are the same, and how far apart they are."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import measure_rounding
import numpy as np
import pytest
from render_results import robustness_texts
from rounding.settings import SETTINGS

ROOT = Path(__file__).resolve().parents[2]


def test_a_difference_is_a_share_of_the_variables_largest_value():
    one = {"a": np.array([1.0, -4.0], np.float32), "b": np.zeros(2, np.float32), "n": np.array(3)}
    other = {**one, "a": np.array([1.0, -3.0], np.float32), "n": np.array(4)}
    assert measure_rounding.relative_difference(one, other) == 0.25
    assert measure_rounding.relative_difference(one, one) == 0.0


def test_every_setting_is_another_way_to_compute():
    ways = [(setting.threads, tuple(setting.variables.items())) for setting in SETTINGS]
    assert ways[0] == ways[1]
    assert len(set(ways)) == len(ways) - 1
    assert {threads for threads, _ in ways} == {1, 2}


def test_the_table_has_a_letter_for_the_same_bits(tmp_path):
    run = {"threads": 1, "recall": 0.9, "weights_apart": 0.0, "recall_apart": 0.0}
    away = {**run, "weights_apart": 1.5e-4, "recall_apart": 0.001}
    runs = [{**run, "name": "first"}, {**run, "name": "again"}, {**away, "name": "old"}]
    digests = ("f0", "f0", "e1")
    content = {
        "seed": 0,
        "processor": "a processor",
        "python": "3.11",
        "versions": {"numpy": "2"},
        "commit": "0123456789",
        "seconds": 60,
        "runs": [{**one, "weights": digest} for one, digest in zip(runs, digests, strict=True)],
    }
    (tmp_path / "rounding.json").write_text(json.dumps(content))
    text = robustness_texts(tmp_path)["robustness:rounding"]
    assert "| first | 1 | A | 0 | 90.00 | 0 |" in text
    assert "| again | 1 | A | 0 | 90.00 | 0 |" in text
    assert "| old | 1 | B | 1.5e-04 | 90.00 | 0.10% |" in text
    assert "Seed 0, a processor, Python 3.11, numpy 2; commit 0123456." in text


@pytest.mark.slow
def test_a_repeated_run_has_the_same_bits(tmp_path):
    path = tmp_path / "rounding.json"
    command = [sys.executable, str(ROOT / "tools" / "measure_rounding.py"), "--smoke"]
    subprocess.run([*command, "--settings=2", f"--json={path}"], check=True, timeout=500)
    first, again = json.loads(path.read_text())["runs"]
    assert first["weights"] == again["weights"]
    assert first["weights_apart"] == again["weights_apart"] == 0.0
