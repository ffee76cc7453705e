"""A disk of few megabytes: a command runs in a namespace of its own, where a folder is a tmpfs."""

from __future__ import annotations

import shutil
import subprocess
import sys

import pytest
from support.driver_process import ENVIRONMENT, ROOT


def run_on(folder, size, program, *, options=""):
    """Runs Python code with `folder` on a disk of `size`; skips where that is not permitted.

    Args:
        folder: there already.
        size: such as "2m".
        program: Python code; a test's helpers can be imported.
        options: of the mount, such as ",ro".
    """
    mount = f'mount -t tmpfs -o size={size}{options} tmpfs "$1"'
    unshare = ["unshare", "--map-root-user", "--mount", "sh", "-c"]
    if (
        shutil.which("unshare") is None
        or subprocess.run(
            [*unshare, mount, "sh", str(folder)], capture_output=True, check=False
        ).returncode
    ):
        pytest.skip("needs leave to mount a tmpfs in a namespace of its own")
    return subprocess.run(
        [*unshare, f'{mount} && exec "$2" -c "$3"', "sh", str(folder), sys.executable, program],
        capture_output=True,
        text=True,
        cwd=ROOT / "tests",
        env=ENVIRONMENT,
        timeout=300,
        check=False,
    )
