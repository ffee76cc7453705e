"""Case startup: how long a user waits for --help, and for the first step of a command."""

from __future__ import annotations

import subprocess
import sys
import tempfile

from benchmarks.settings import Round, Settings

_TABLE = (sys.executable, "-m", "hsm.experiments.table1")


def help_hsm(settings: Settings) -> Round:
    """`table1 --help`, the whole command."""
    return lambda: _run(*_TABLE, "--help")


def first_epoch_hsm(settings: Settings) -> Round:
    """`table1 --smoke` of one method: start, a few steps before and after the switch, tables."""

    def start() -> float:
        with tempfile.TemporaryDirectory() as folder:
            return _run(*_TABLE, "--smoke", "--methods=BN", f"--output_dir={folder}")

    return start


def _run(*command: str) -> float:
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return 1.0
