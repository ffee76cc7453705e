"""The command for one's own photographs on two devices of the processor: the model of one."""

from __future__ import annotations

import json

import numpy as np
import pytest
from support.deterministic_runs import pictures
from support.driver_process import run

_FLAGS = (
    "--smoke",
    "--method=HBN",
    "--warm_up",
    "--batch_size=7",  # Of 24 images: the last batch has 3.
    "--synchronized_batch_norm",
    "--threads=1",
)


@pytest.fixture(scope="module")
def photographs(tmp_path_factory):
    return pictures(tmp_path_factory.mktemp("photographs"))


@pytest.fixture(scope="module")
def trained(photographs, tmp_path_factory):
    """Starts the command on so many devices; its output folder."""

    def on(count):
        folder = tmp_path_factory.mktemp("trained")
        flags = (f"--output_dir={folder}", f"--logical_devices={count}")
        result = run("train", f"--data_dir={photographs}", *_FLAGS, *flags)
        assert result.returncode == 0, result.stderr
        return folder / "smoke"

    return {count: on(count) for count in (1, 2)}


def _weights(folder):
    (path,) = folder.glob("runs/*/checkpoint.npz")
    with np.load(path) as archive:
        return {key: archive[key] for key in archive if key != "progress.json"}


def test_weights_are_those_of_one_device_up_to_rounding(trained):
    expected, found = (_weights(trained[count]) for count in (1, 2))
    assert expected.keys() == found.keys()
    for key, value in expected.items():
        np.testing.assert_allclose(found[key], value, atol=2e-3, rtol=2e-3, err_msg=key)


def test_the_record_names_the_devices_and_the_model_is_exported(trained):
    (record,) = (trained[2] / "records").glob("*.json")
    environment = json.loads(record.read_text())["provenance"]["environment"]
    assert environment["devices"] == {"replicas": 2, "workers": 1}
    assert (trained[2] / "saved_model" / "saved_model.pb").is_file()


def test_the_plan_times_the_devices_that_will_train(photographs, tmp_path):
    flags = (f"--data_dir={photographs}", "--dry_run", f"--output_dir={tmp_path}")
    result = run("train", *_FLAGS, *flags, "--logical_devices=2")
    assert result.returncode == 0, result.stderr
    assert "(timed over 3 steps on 2 devices)" in " ".join(result.stdout.split())
