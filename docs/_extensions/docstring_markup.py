"""Docstrings as this package writes them, in plain words, become what Sphinx reads.

One backtick is code; an indented block after an empty line is a formula, shown as it stands; stars,
bars and underscores are letters.
"""

from __future__ import annotations

import re
from typing import Any

_MARKUP = re.compile(r"\\|\*|\||(?<=\w)_(?!\w)")
# Before napoleon, which listens with 500 and looks for Google's sections.
_EARLY = 400


def converted(lines: list[str]) -> list[str]:
    """Return a docstring's lines as reStructuredText."""
    result: list[str] = []
    verbatim: int | None = None  # the indent of what such a block follows
    for number, line in enumerate(lines):
        if verbatim is not None and line.strip() and _indent(line) <= verbatim:
            verbatim = None
        if verbatim is not None or line.lstrip().startswith((">>>", "...")):
            result.append(line)
        elif line.strip() and _opens_block(lines[number : number + 3]):
            mark = "" if line.endswith(":") else f"\n\n{' ' * _indent(line)}:"
            result += f"{_plain(line)}{mark}:".split("\n")
            verbatim = _indent(line)
        else:
            result.append(_plain(line))
    return result


def _opens_block(lines: list[str]) -> bool:
    """Whether a formula follows the first of three lines: no section has an empty line there."""
    return len(lines) == 3 and not lines[1].strip() and _indent(lines[2]) > _indent(lines[0])


def _plain(line: str) -> str:
    """`code` as ``code``, and no other markup."""
    parts = line.replace("``", "`").split("`")
    parts[::2] = [_MARKUP.sub(r"\\\g<0>", words) for words in parts[::2]]
    parts[1::2] = [f"``{code}``" for code in parts[1::2]]
    return "".join(parts)


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def _convert(app: Any, what: str, name: str, obj: Any, options: Any, lines: list[str]) -> None:
    lines[:] = converted(lines)


def setup(app: Any) -> dict[str, bool]:
    """Register with Sphinx, which calls this."""
    app.connect("autodoc-process-docstring", _convert, priority=_EARLY)
    return {"parallel_read_safe": True}
