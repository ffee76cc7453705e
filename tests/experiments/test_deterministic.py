"""--deterministic: the same weights and records, to the bit, however often they are made."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pytest
from support.driver_process import ENVIRONMENT, ROOT

_TIMES = ("seconds", "images_per_second", "started", "finished")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The output folders that `support.deterministic_runs` leaves."""
    found = tmp_path_factory.mktemp("deterministic")
    tests = ROOT / "tests"
    subprocess.run(
        [sys.executable, str(tests / "support" / "deterministic_runs.py"), str(found)],
        env={**ENVIRONMENT, "PYTHONPATH": f"{ROOT}:{tests}"},
        check=True,
        timeout=600,
    )
    return found


def _weights(folder):
    (path,) = folder.glob("runs/*/checkpoint.npz")
    with np.load(path) as archive:
        return {key: archive[key] for key in archive if key != "progress.json"}


def _record(folder):
    (path,) = folder.glob("records/*.json")
    return _without_times(json.loads(path.read_text()))


def _without_times(value):
    if isinstance(value, dict):
        return {k: _without_times(v) for k, v in value.items() if k not in _TIMES}
    return [_without_times(part) for part in value] if isinstance(value, list) else value


@pytest.mark.parametrize(
    ("one", "other"), [("once", "twice"), ("once", "resumed"), ("two_once", "two_twice")]
)
def test_weights_and_records_are_the_same_to_the_bit(folder, one, other):
    expected, found = _weights(folder / one), _weights(folder / other)
    assert expected.keys() == found.keys()
    for key, value in expected.items():
        assert value.tobytes() == found[key].tobytes(), key
    assert _record(folder / one) == _record(folder / other)


def test_the_record_says_that_it_is_deterministic_and_on_how_many_devices(folder):
    one, two = (
        _record(folder / name)["provenance"]["environment"] for name in ("once", "two_once")
    )
    assert one["deterministic_ops"]
    assert "devices" not in one
    assert two["devices"] == {"replicas": 2, "workers": 1}


def test_two_devices_train_as_one_does_up_to_rounding(folder):
    expected, found = _weights(folder / "once"), _weights(folder / "two_once")
    for key, value in expected.items():
        np.testing.assert_allclose(found[key], value, atol=2e-3, err_msg=key)
