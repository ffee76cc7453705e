"""What stands on the pages: blocks of code, and commands in words."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
README = ROOT / "README.md"
PAGES = [README, *sorted((ROOT / "docs").rglob("*.md"))]
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", flags=re.DOTALL | re.MULTILINE)

# Commands that stand within sentences and tables, and in blocks of text.
_INLINE = re.compile(r"`(python (?:-m hsm\.|tools/)[^`]+)`")


def blocks(page: Path, language: str) -> list[str]:
    """The blocks of code in a language."""
    text = page.read_text(encoding="utf-8")
    return [code for found, code in FENCE.findall(text) if found == language]


def commands(page: Path) -> list[list[str]]:
    """Every command of a page in words; those that && joins are several."""
    lines = [line for block in blocks(page, "bash") for line in block.splitlines()]
    lines += [
        line
        for block in blocks(page, "text")
        for line in block.splitlines()
        if line.startswith("python ")
    ]
    lines += _INLINE.findall(FENCE.sub("", page.read_text(encoding="utf-8")))
    parts = [part.strip() for line in lines for part in line.split(" && ")]
    return [shlex.split(part) for part in parts]
