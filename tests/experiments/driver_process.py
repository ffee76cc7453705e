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


def kill_after(driver, line_part, *flags):
    """Start the driver and end it with SIGKILL when it has said `line_part`."""
    process = subprocess.Popen(
        command(driver, *flags),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        cwd=ROOT,
        env=ENVIRONMENT,
    )
    try:
        assert any(line_part in line for line in process.stdout), "ended before it was killed"
    finally:
        process.kill()
        process.wait()
