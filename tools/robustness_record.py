"""What the tools that try to break commands share: their flags, and a record of what was run."""

from __future__ import annotations

import argparse
import json
import platform
import subprocess
import time
from collections.abc import Iterable, Mapping
from importlib import metadata
from pathlib import Path
from typing import Any

from hsm import atomic

_ROOT = Path(__file__).resolve().parent.parent


class RecordWriter:
    """Writes the record of a campaign, as often as there are new counts.

    Args:
        options: what the parser of `parser` read.
        packages: whose versions are recorded.
        seconds: that an earlier part of the campaign took.
    """

    def __init__(
        self, options: argparse.Namespace, packages: Iterable[str], seconds: float = 0.0
    ) -> None:
        self._path: Path | None = options.json
        self._seed = options.seed
        self._versions = {name: metadata.version(name) for name in packages}
        self._commit = commit()
        self._begun = time.monotonic() - seconds

    def write(self, counts: Mapping[str, Any]) -> dict[str, Any]:
        """Write the record with `counts` to the file of --json, if one is named, and return it."""
        content = {
            "schema": 1,
            "seed": self._seed,
            "commit": self._commit,
            "seconds": round(time.monotonic() - self._begun),
            "python": platform.python_version(),
            "versions": self._versions,
            **counts,
        }
        if self._path:
            atomic.write_text(self._path, json.dumps(content, indent=1) + "\n")
        return content


def parser(description: str | None) -> argparse.ArgumentParser:
    """Return a parser of --seed and --json, which shows `description` as it is."""
    made = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    made.add_argument("--seed", type=int, default=0)
    made.add_argument("--json", type=Path, help="file to write the counts to")
    return made


def commit() -> str:
    """Return the commit that is checked out, 40 hexadecimal digits."""
    command = ["git", "-C", str(_ROOT), "rev-parse", "HEAD"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
