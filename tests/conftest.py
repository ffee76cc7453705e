"""What every test may ask for."""

from __future__ import annotations

import os
import resource
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

# Before anything imports TensorFlow, which reads it then.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
# What is printed is as wide as where there is no terminal; pytest's workers set another width.
os.environ["COLUMNS"] = "100"

import pytest

# Whole commands in processes of their own, networks that train or are built large: two thirds of
# the time of all tests, which `-m "not slow"` spares.
_SLOW = (
    "data/sources/test_prepared.py",
    "experiments/config/test_initial_weights.py",
    "experiments/runs/test_early_stopping.py",
    "experiments/test_",
    "extend/",
    "fuzz/",
    "layers/test_other_backends.py",
    "models/test_applications.py",
    "models/test_inception_v1.py",
    "models/test_keras_hub.py",
    "export/",
    "test_wheel.py",
    "tools/test_benchmark.py",
    "tools/test_growth.py",
    "tools/test_load_test.py",
    "tools/test_measure_adam_epsilon.py",
    "training/test_kill_and_resume.py",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what is slow."""
    here = Path(__file__).parent
    for item in items:
        if item.path.relative_to(here).as_posix().startswith(_SLOW):
            item.add_marker(pytest.mark.slow)


@pytest.fixture(scope="session")
def shared_dir() -> Path:
    """The folder beside the repository with photographs and weights too large for it."""
    directory = Path(__file__).resolve().parents[2] / "shared"
    if not directory.is_dir():
        pytest.skip(f"needs data sets and weights in {directory}, which does not exist")
    return directory


@pytest.fixture
def full_disk() -> Iterator[None]:
    """Files of at most 4 KiB, as if the disk were full then: the error names no file either."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)
    signal.signal(signal.SIGXFSZ, handler)


@pytest.fixture(autouse=True)
def _fixed_seed():
    """The same initial weights in every run: a test passes always or never."""
    if "keras" in sys.modules:
        sys.modules["keras"].utils.set_random_seed(0)
