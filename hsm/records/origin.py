"""What a run is made with: commit, packages, machine, weights."""

from __future__ import annotations

import functools
import hashlib
import importlib.metadata
import os
import platform
import subprocess
from collections.abc import Iterable
from pathlib import Path

from hsm.records.parts import Hardware, Provenance

_PACKAGES = ("hsm-embedding", "tensorflow", "keras", "numpy", "scikit-learn")


def provenance(
    *, started: str, finished: str, weights_sha256: str | None = None, gpus: Iterable[str] = ()
) -> Provenance:
    """Return which code runs, and on what.

    Args:
        started: ISO 8601 time.
        finished: ISO 8601 time.
        weights_sha256: identifies the pretrained weights; None for random ones.
        gpus: names of the GPUs that are used.
    """
    code, dirty = commit()
    return Provenance(
        commit=code,
        dirty=dirty,
        python=platform.python_version(),
        versions={name: _version(name) for name in _PACKAGES},
        hardware=Hardware(
            cpu=_processor(),
            cores=len(os.sched_getaffinity(0)),
            gpus=tuple(gpus),
            memory_gib=round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        ),
        weights_sha256=weights_sha256,
        started=started,
        finished=finished,
    )


def file_sha256(path: Path) -> str:
    """Return the SHA-256 of a file's content, hexadecimal."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


@functools.cache
def commit() -> tuple[str | None, bool | None]:
    """Return the commit of the checkout that this file lies in, and whether it has changes.

    None and None outside of a checkout. It is read once a process: code that was loaded stays what
    it is when the checkout moves on.
    """
    root = Path(__file__).resolve().parents[2]
    if not (root / ".git").exists():
        return None, None

    def git(*arguments: str) -> str:
        command = ["git", "-C", str(root), *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()

    try:
        return git("rev-parse", "HEAD"), bool(git("status", "--porcelain", "--", "hsm"))
    except (OSError, subprocess.CalledProcessError):
        return None, None


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    models = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return models[0] if models else platform.processor()
