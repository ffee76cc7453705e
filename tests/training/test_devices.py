"""Steps on several devices of the processor are those of one."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from support.driver_process import ENVIRONMENT, ROOT
from support.on_devices import CASES, OTHER_CASES, WORKERS_CASES, images_to_embed
from support.workers import free_ports, tf_config

from hsm.data.pipeline import evaluation_batches
from hsm.data.sampling import Share

SCRIPT = [sys.executable, str(ROOT / "tests" / "support" / "on_devices.py")]


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """What each number of devices gives, by case, batch and variable."""
    folder, found = tmp_path_factory.mktemp("devices"), {}
    for count in (1, 2, 3):
        path = folder / f"{count}.npz"
        subprocess.run([*SCRIPT, str(count), path], env=ENVIRONMENT, check=True, timeout=600)
        found[count] = dict(np.load(path))
    return found


@pytest.fixture(scope="module")
def worker_results(tmp_path_factory):
    """What two processes give that are one job."""
    path, ports = tmp_path_factory.mktemp("workers") / "found.npz", free_ports(2)
    processes = [
        subprocess.Popen([*SCRIPT, "workers", path], env={**ENVIRONMENT, **tf_config(ports, index)})
        for index in range(2)
    ]
    try:
        assert [process.wait(timeout=600) for process in processes] == [0, 0]
    finally:
        for process in processes:
            process.kill()
    return dict(np.load(path))


@pytest.mark.slow
@pytest.mark.parametrize("count", [2, 3])
@pytest.mark.parametrize("case", [*CASES, *OTHER_CASES])
def test_steps_are_those_of_one_device(results, case, count):
    """Uneven slices, and a batch of which one of three devices has nothing."""
    alone = {key: value for key, value in results[1].items() if key.startswith(f"{case}/")}
    assert alone.keys() == {key for key in results[count] if key.startswith(f"{case}/")}
    for key, value in alone.items():
        np.testing.assert_allclose(results[count][key], value, atol=2e-4, rtol=2e-4, err_msg=key)


@pytest.mark.slow
@pytest.mark.parametrize("case", [*WORKERS_CASES, *OTHER_CASES])
def test_steps_of_two_processes_are_those_of_one_device(results, worker_results, case):
    keys = [key for key in results[1] if key.startswith(f"{case}/")]
    assert keys
    for key in keys:
        expected = results[1][key]
        np.testing.assert_allclose(worker_results[key], expected, atol=2e-4, rtol=2e-4, err_msg=key)


@pytest.mark.slow
def test_every_image_is_embedded_once_and_in_order(results, worker_results):
    images = images_to_embed()
    ((crops, _),) = evaluation_batches(images, crop=28, batch_size=len(images))
    means = crops.astype(np.float64).mean(axis=(1, 2))
    for found in (*results.values(), worker_results):
        np.testing.assert_allclose(found["embedded"], means, rtol=1e-5)
        np.testing.assert_array_equal(found["labels"], images.labels)


@pytest.mark.slow
def test_every_case_trains(results):
    """Without weights that move, the comparison above would say nothing."""
    for case in (*CASES, "landmarks"):
        assert results[1][f"{case}/0/sums"][0] > 0.0, case


@pytest.mark.parametrize(("size", "count"), [(7, 3), (2, 3), (0, 2), (8, 4)])
def test_shares_are_consecutive_and_even(size, count):
    parts = [list(range(size))[Share(index, count).of(size)] for index in range(count)]
    assert [place for part in parts for place in part] == list(range(size))
    sizes = [len(part) for part in parts]
    assert max(sizes) - min(sizes) <= 1
    assert sizes == sorted(sizes, reverse=True)
