"""Starts a driver as a user does: in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT)}
# As a user's: with it set, lines that wait in a buffer would go unnoticed.
ENVIRONMENT.pop("PYTHONUNBUFFERED", None)


def command(driver, *flags):
    return [sys.executable, "-m", f"hsm.experiments.{driver}", *flags]


def run(driver, *flags, cwd=None):
    return subprocess.run(
        command(driver, *flags),
        capture_output=True,
        text=True,
        cwd=cwd or ROOT,
        env=ENVIRONMENT,
        timeout=300,
        check=False,
    )
