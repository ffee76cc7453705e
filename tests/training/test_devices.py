"""Steps on several devices of the processor are those of one."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from support.driver_process import ENVIRONMENT, ROOT
from support.on_devices import CASES

from hsm.data.sampling import Share


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """What each number of devices gives, by case, batch and variable."""
    folder, found = tmp_path_factory.mktemp("devices"), {}
    for count in (1, 2, 3):
        path = folder / f"{count}.npz"
        script = str(ROOT / "tests" / "support" / "on_devices.py")
        subprocess.run(
            [sys.executable, script, str(count), str(path)],
            env=ENVIRONMENT,
            check=True,
            timeout=600,
            capture_output=True,
        )
        found[count] = dict(np.load(path))
    return found


@pytest.mark.slow
@pytest.mark.parametrize("count", [2, 3])
@pytest.mark.parametrize("case", CASES)
def test_steps_are_those_of_one_device(results, case, count):
    """Uneven slices, and a batch of which one of three devices has nothing."""
    alone = {key: value for key, value in results[1].items() if key.startswith(f"{case}/")}
    assert alone.keys() == {key for key in results[count] if key.startswith(f"{case}/")}
    for key, value in alone.items():
        np.testing.assert_allclose(results[count][key], value, atol=2e-4, rtol=2e-4, err_msg=key)


@pytest.mark.slow
def test_every_case_trains(results):
    """Without weights that move, the comparison above would say nothing."""
    for case in CASES:
        assert results[1][f"{case}/0/sums"][0] > 0.0, case


@pytest.mark.parametrize(("size", "count"), [(7, 3), (2, 3), (0, 2), (8, 4)])
def test_shares_are_consecutive_and_even(size, count):
    parts = [list(range(size))[Share(index, count).of(size)] for index in range(count)]
    assert [place for part in parts for place in part] == list(range(size))
    sizes = [len(part) for part in parts]
    assert max(sizes) - min(sizes) <= 1
    assert sizes == sorted(sizes, reverse=True)
