"""What every test may ask for."""

from __future__ import annotations

import os
import sys
from pathlib import Path

# Before anything imports TensorFlow, which reads it then.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import pytest


@pytest.fixture(scope="session")
def shared_dir() -> Path:
    """The folder beside the repository with photographs and weights too large for it."""
    directory = Path(__file__).resolve().parents[2] / "shared"
    if not directory.is_dir():
        pytest.skip(f"needs data sets and weights in {directory}, which does not exist")
    return directory


@pytest.fixture(autouse=True)
def _fixed_seed():
    """The same initial weights in every run: a test passes always or never."""
    if "keras" in sys.modules:
        sys.modules["keras"].utils.set_random_seed(0)
