"""Count what is left out where class folders are read: nothing is left out without a word."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

# The reasons, as plans and records name them.
RESULTS = "folders written by hsm"
TOOLS = "folders of other tools"
EMPTY = "folders without pictures"
OTHER_PARTS = "folders that are no part"
SYSTEM = "hidden and system files"
NO_PICTURE = "files that are no pictures"
DEAD_LINKS = "links to nothing"
LOOSE = "pictures in no class folder"
DEEPER = "pictures in folders below a class folder"
UNUSED_PART = "pictures of a part that is not used"


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
        self.root = root
        self._by_reason: dict[str, LeftOut] = {}

    def add(self, reason: str, path: Path) -> None:
        """Count the file or folder `path`, which lies in the data's folder."""
        name = path.relative_to(self.root).as_posix()
        self._add(LeftOut(reason, 1, f"{name}/" if path.is_dir() else name))

    def add_all(self, other: LeftOutCounter) -> None:
        """Count what `other` counted of the same folder."""
        for item in other.counted():
            self._add(item)

    def get(self, reason: str) -> LeftOut | None:
        """Return what was counted for one reason; None if nothing was."""
        return self._by_reason.get(reason)

    def counted(self) -> tuple[LeftOut, ...]:
        """Return what was counted, by reason."""
        return tuple(self._by_reason.values())

    def _add(self, item: LeftOut) -> None:
        known = self._by_reason.get(item.reason, LeftOut(item.reason, 0, item.example))
        self._by_reason[item.reason] = LeftOut(item.reason, known.count + item.count, known.example)
