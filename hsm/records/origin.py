"""What a run is made with: commit, packages, machine, weights."""

from __future__ import annotations

import functools
import hashlib
import importlib.metadata
import os
import platform
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from hsm import processor
from hsm.cores import usable_cores
from hsm.records.parts import Hardware, Provenance

_PACKAGES = ("hsm-embedding", "tensorflow", "keras", "numpy", "scikit-learn")


def provenance(
    *,
    started: str,
    finished: str,
    weights_sha256: str | None = None,
    gpus: Iterable[str] = (),
    environment: Mapping[str, Any] | None = None,
) -> Provenance:
    """Return which code runs, and on what.

    Args:
        started: ISO 8601 time.
        finished: ISO 8601 time.
        weights_sha256: identifies the pretrained weights; None for random ones.
        gpus: names of the GPUs that are used.
        environment: what else changes the numbers, such as the number of threads, as JSON values.
    """
    code, dirty = commit()
    return Provenance(
        commit=code,
        dirty=dirty,
        python=platform.python_version(),
        versions={name: _version(name) for name in _PACKAGES},
        hardware=Hardware(
            cpu=processor.name(),
            cores=usable_cores(),
            gpus=tuple(gpus),
            memory_gib=_memory_gib(),
        ),
        environment=environment,
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

    # A hook of git, or a shell, may name another repository, which git would obey over the folder.
    variables = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}

    def git(*arguments: str) -> str:
        command = ["git", "-C", str(root), *arguments]
        return subprocess.run(
            command, capture_output=True, text=True, check=True, env=variables
        ).stdout.strip()

    try:
        return git("rev-parse", "HEAD"), bool(git("status", "--porcelain", "--", "hsm"))
    except (OSError, subprocess.CalledProcessError):
        return None, None


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def _memory_gib() -> float | None:
    """Return the physical memory in GiB; None where the system does not say."""
    try:
        size = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):  # Windows has no sysconf, others not both names.
        return None
    return round(size / 2**30, 1)
