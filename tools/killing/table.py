"""The counts of a kill test → the table of a page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_SIGNALS = ("SIGKILL", "SIGTERM", "SIGINT")
_COUNTS = ("at_writes", "again", "finished", "wrong")
_HEAD = ("Killed", *_SIGNALS, "At a write", "Killed again", "Ended and compared", "Not the same")


def markdown(content: Mapping[str, Any]) -> str:
    """Return a row for each thing that was killed, their sum, and what was run."""
    keys = (*_SIGNALS, *_COUNTS)
    rows = [*content["scenarios"].items()]
    total = {key: sum(counts[key] for _, counts in rows) for key in keys}
    lines = [[name, *(f"{counts[key]:,}" for key in keys)] for name, counts in rows]
    lines.append(["**all**", *(f"{total[key]:,}" for key in keys)])
    table = [f"| {' | '.join(line)} |" for line in ([*_HEAD], *lines)]
    table.insert(1, f"|--- |{' ---: |' * len(keys)}")
    versions = ", ".join(f"{name} {number}" for name, number in content["versions"].items())
    return (
        "\n".join(table) + f"\n\n{sum(total[name] for name in _SIGNALS)} kills, seed "
        f"{content['seed']}, Python {content['python']}, {versions}; commit "
        f"{content['commit'][:7]}; {content['seconds'] / 60:.0f} minutes."
    )
