"""Case startup: how long a user waits for --help, and for the first step of a command."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.photographs import labels_of, write_jpegs
from benchmarks.settings import Round, Settings

_TABLE = (sys.executable, "-m", "hsm.experiments.table1")


def help_hsm(settings: Settings) -> Round:
    """Run `table1 --help`, the whole command."""
    return lambda: _run(*_TABLE, "--help")


def first_steps_hsm(settings: Settings) -> Round:
    """Run `table1 --dry_run` with GoogLeNet, which reads a folder and times three steps."""
    folder = tempfile.TemporaryDirectory()
    paths = write_jpegs(Path(folder.name))
    for path, label in zip(map(Path, paths), labels_of(paths), strict=True):
        home = path.with_name(f"class_{label:02d}")
        home.mkdir(exist_ok=True)
        path.rename(home / path.name)
    data = ("--dataset=image_folder", f"--data_dir={folder.name}", "--backbone=googlenet")
    size = (f"--image_size={settings.image_size}", f"--batch_size={settings.batch_size}")

    def start(kept: object = folder) -> float:
        return _run(*_TABLE, "--dry_run", "--methods=BN", *data, *size)

    return start


def _run(*command: str) -> float:
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return 1.0
