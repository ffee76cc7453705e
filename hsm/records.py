"""What a run writes down: one JSON file with configuration, provenance, metrics.

A record is a plain dict of JSON values with the keys of `KEYS`. Metrics are fractions,
0..1.
"""

from __future__ import annotations

import base64
import functools
import hashlib
import importlib.metadata
import json
import os
import platform
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from hsm import atomic
from hsm.cores import usable_cores

SCHEMA = 1

KEYS = (
    "schema",
    "name",
    "method",
    "seed",
    "config",
    "provenance",
    "data",
    "seconds",
    "switch_epoch",
    "epochs",
    "evaluations",
    "final",
    "best",
    "switch",
    "unnormalized",
    "hits",
)
_PACKAGES = ("hsm-embedding", "tensorflow", "keras", "numpy", "scikit-learn")


def write(record: Mapping[str, Any], directory: Path) -> Path:
    """Write `record` to `directory/<name>.json`, atomically, and return the path.

    Raises:
        ValueError: if a key of the schema is missing.
    """
    missing = [key for key in KEYS if key not in record]
    if missing:
        raise ValueError(
            f"a record needs the keys {', '.join(KEYS)}. Missing: {', '.join(missing)}"
        )
    text = json.dumps({"schema": SCHEMA, **record}, indent=1, allow_nan=False) + "\n"
    return atomic.write_text(directory / f"{record['name']}.json", text)


def read(path: Path) -> dict[str, Any]:
    """Read one record.

    Raises:
        ValueError: if the file is no record, or one of another schema.
    """
    try:
        record = json.loads(path.read_text())
    except ValueError as error:  # No JSON, or no text at all.
        raise ValueError(f"{path} is not a record: {error}. Delete it to run it again.") from error
    if not isinstance(record, dict) or record.get("schema") != SCHEMA:
        raise ValueError(
            f"{path} is not a record of schema {SCHEMA}. Delete it, or use another folder."
        )
    if missing := [key for key in KEYS if key not in record]:
        raise ValueError(
            f"{path} is not a whole record: it lacks {', '.join(missing)}. Delete it to run it "
            "again."
        )
    return record


def read_all(directory: Path) -> list[dict[str, Any]]:
    """Every record in `directory`, by name; an absent folder holds none."""
    return [read(path) for path in sorted(directory.glob("*.json"))]


def pack_hits(hits: np.ndarray) -> str:
    """Pack bool [n] into base64 text of n / 6 characters."""
    return base64.b64encode(np.packbits(hits.astype(bool)).tobytes()).decode()


def unpack_hits(text: str, num_queries: int) -> np.ndarray:
    """The inverse of `pack_hits`: bool [num_queries]."""
    bits = np.unpackbits(np.frombuffer(base64.b64decode(text), dtype=np.uint8))
    return bits[:num_queries].astype(bool)


def best_evaluation(
    evaluations: Iterable[Mapping[str, Any]], *, after_epoch: int = -1
) -> dict[str, Any]:
    """The evaluation with the highest accuracy if that was scored, else the highest recall.

    The recall is that at the smallest K; of equals the earliest counts. It is chosen on the test
    images, and is to be called so wherever it is shown.

    Args:
        evaluations: one or more, of one run.
        after_epoch: only later ones count; those of a heated run up to its switch are another
            method's.
    """
    later = [e for e in evaluations if e["epoch"] > after_epoch]
    merits = [(_merit(e), -e["epoch"]) for e in later]
    return dict(later[merits.index(max(merits))])


def _merit(evaluation: Mapping[str, Any]) -> float:
    recall = evaluation["recall"]
    return evaluation["accuracy"] if "accuracy" in evaluation else recall[min(recall, key=int)]


def provenance(
    *, started: str, finished: str, weights_sha256: str | None = None, gpus: Iterable[str] = ()
) -> dict[str, Any]:
    """Which code ran, on what, when (ISO 8601 times), and from which pretrained weights."""
    code, dirty = commit()
    return {
        "commit": code,
        "dirty": dirty,
        "python": platform.python_version(),
        "versions": {name: _version(name) for name in _PACKAGES},
        "hardware": {
            "cpu": _processor(),
            "cores": usable_cores(),
            "gpus": list(gpus),
            "memory_gib": _memory_gib(),
        },
        "weights_sha256": weights_sha256,
        "started": started,
        "finished": finished,
    }


def file_sha256(path: Path) -> str:
    """SHA-256 of a file's content, hexadecimal."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


@functools.cache
def commit() -> tuple[str | None, bool | None]:
    """The commit of the checkout that this file lies in, and whether it has changes.

    None and None outside of a checkout. It is read once a process: code that was loaded stays what
    it is when the checkout moves on.
    """
    root = Path(__file__).resolve().parent.parent
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


def _memory_gib() -> float | None:
    """Physical memory in GiB; None where the system does not say."""
    try:
        size = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):  # Windows has no sysconf, others not both names.
        return None
    return round(size / 2**30, 1)


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    models = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return models[0] if models else platform.processor()
