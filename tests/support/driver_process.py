"""Starts a driver as a user does: in a process of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT)}
# As a user's: with it set, lines that wait in a buffer would go unnoticed.
ENVIRONMENT.pop("PYTHONUNBUFFERED", None)


def command(driver, *flags):
    return [sys.executable, "-m", f"hsm.experiments.{driver}", *flags]


def run(driver, *flags, cwd=None, variables=None):
    """Start the driver and wait for its end.

    Args:
        driver: name of the command.
        flags: of it.
        cwd: the folder that it starts in; None is the repository.
        variables: of its environment, over those of this one.
    """
    return subprocess.run(
        command(driver, *flags),
        capture_output=True,
        text=True,
        cwd=cwd or ROOT,
        env={**ENVIRONMENT, **(variables or {})},
        timeout=300,
        check=False,
    )


def kill_after(driver, line_part, *flags, number=signal.SIGKILL):
    """Start the driver and send it the signal when it has said `line_part`.

    Returns:
        Its exit status and what it wrote to standard error.
    """
    process = subprocess.Popen(
        command(driver, *flags),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env=ENVIRONMENT,
    )
    try:
        assert any(line_part in line for line in process.stdout), "ended before it was killed"
    finally:
        process.send_signal(number)
        _, errors = process.communicate(timeout=120)
    return process.returncode, errors
