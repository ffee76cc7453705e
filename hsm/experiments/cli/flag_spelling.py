"""How errors of the library, which name its arguments, are said to the user of a command."""

from __future__ import annotations

import re
from collections.abc import Container

# Argument `name`, `name` and `name=value`.
_ARGUMENT = re.compile(r"(?:Argument )?`(\w+)(?:=([^`]*))?`")


def with_flags(text: str, flags: Container[str]) -> str:
    """Spell every argument in backticks as the flag of its name, where there is one.

    Args:
        text: such as "Argument `data_dir` must be a folder" or "leave it out with `limit=3`".
        flags: names of the command's flags.
    """

    def spelled(match: re.Match[str]) -> str:
        name, value = match.groups()
        if name not in flags:
            return match.group()
        return f"--{name}" if value is None else f"--{name}={value.strip(chr(39))}"

    return _ARGUMENT.sub(spelled, text)
