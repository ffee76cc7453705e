"""The counts of a fuzz run → the table of a page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fuzzing.kinds import CRASH, GREW, HANG, READ, REFUSED, TRACEBACK, UNNAMED, WRONG, WROTE

KINDS = (READ, REFUSED, WRONG, UNNAMED, TRACEBACK, CRASH, HANG, GREW, WROTE)


def markdown(content: Mapping[str, Any]) -> str:
    """Return a row a format, their sum, and what was run."""
    rows = [(name, counts) for name, counts in content["formats"].items()]
    keys = ("inputs", *KINDS)
    total = {key: sum(counts[key] for _, counts in rows) for key in keys}
    total["growth_mib"] = max(counts["growth_mib"] for _, counts in rows)
    head = ["Format", "Inputs", *(kind.capitalize() for kind in KINDS), "Growth, MiB"]
    lines = [head, ["---", *["---:"] * (len(head) - 1)]]
    for name, counts in (*rows, ("**all**", total)):
        lines.append([name, *(f"{counts[key]:,}" for key in keys), f"{counts['growth_mib']:.0f}"])
    table = "\n".join(f"| {' | '.join(line)} |" for line in lines).replace("| ---", "|---")
    versions = ", ".join(f"{name} {number}" for name, number in content["versions"].items())
    return (
        f"{table}\n\nSeed {content['seed']}, Python {content['python']}, {versions}; commit "
        f"{content['commit'][:7]}; {content['seconds'] / 60:.0f} minutes."
    )
