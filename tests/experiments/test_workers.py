"""Two processes that are one job: one is killed, the other says so, and both go on from there."""

from __future__ import annotations

import subprocess
import time

import pytest
from support.driver_process import ENVIRONMENT, ROOT, command
from support.workers import free_ports, tf_config


@pytest.fixture
def start(tmp_path):
    """A function that starts the job; its processes end with the test."""
    started = []

    def both(epochs):
        ports = free_ports(2)
        flags = ["--smoke", "--dataset=digits", "--methods=SM", f"--epochs={epochs}"]
        job = [
            subprocess.Popen(
                command("table1", *flags, "--strategy=multi_worker", f"--output_dir={tmp_path}"),
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                cwd=ROOT,
                env={**ENVIRONMENT, **tf_config(ports, index)},
            )
            for index in range(2)
        ]
        started.extend(job)
        return job

    yield both
    for process in started:
        process.kill()


def test_a_killed_worker_ends_the_job_which_then_goes_on(start, tmp_path):
    chief, other = start(epochs=150)
    checkpoints = (tmp_path / "smoke" / "trunks").glob
    while not list(checkpoints("*/checkpoint.npz")):
        assert chief.poll() is None
        time.sleep(0.2)
    other.kill()
    killed = time.monotonic()
    _, errors = chief.communicate(timeout=60)
    assert time.monotonic() - killed < 60
    assert chief.returncode == 1
    assert "Received: worker 1 (127.0.0.1:" in errors
    assert errors.count("\n") == 1
    assert not list((tmp_path / "smoke" / "records").glob("*.json"))

    chief, other = start(epochs=150)
    said, errors = chief.communicate(timeout=300)
    assert (chief.returncode, errors) == (0, "")
    assert "continues after epoch" in said
    quiet, errors = other.communicate(timeout=60)
    assert (other.returncode, quiet, errors) == (0, "", "")
    assert len(list((tmp_path / "smoke" / "records").glob("*.json"))) == 1
