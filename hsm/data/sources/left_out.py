"""Count what is left out where class folders are read: nothing is left out without a word."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

# The reasons, as plans and records name them.
RESULTS = "folders written by hsm"
TOOLS = "folders of other tools"
SYSTEM = "hidden and system files"


@dataclass(frozen=True)
class LeftOut:
    """What one reason leaves out.

    Attributes:
        reason: one of those above.
        count: how many files or folders.
        example: the first of them, relative to the data's folder; a folder ends in a slash.
    """

    reason: str
    count: int
    example: str

    def __str__(self) -> str:
        """Return the reason with count and example, "links to nothing: 3, such as a/1.jpg"."""
        which = self.example if self.count == 1 else f"{self.count:,}, such as {self.example}"
        return f"{self.reason}: {which}"


class LeftOutCounter:
    """Counts by reason.

    Args:
        root: the data's folder.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._counts: dict[str, int] = {}
        self._examples: dict[str, str] = {}

    def add(self, reason: str, path: Path) -> None:
        """Count the file or folder `path`, which lies in the data's folder."""
        self._counts[reason] = self._counts.get(reason, 0) + 1
        name = path.relative_to(self._root).as_posix()
        self._examples.setdefault(reason, f"{name}/" if path.is_dir() else name)

    def counted(self) -> tuple[LeftOut, ...]:
        """Return what was counted, by reason."""
        return tuple(
            LeftOut(reason, count, self._examples[reason]) for reason, count in self._counts.items()
        )
