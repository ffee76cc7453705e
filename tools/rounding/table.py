"""What differs between processors → the table of a page."""

from __future__ import annotations

from collections.abc import Mapping
from string import ascii_uppercase
from typing import Any

_HEAD = ("Computed with", "Threads", "Same bits", "Weights differ by", "R@1", "R@1 differs by")


def markdown(content: Mapping[str, Any]) -> str:
    """Return a row a setting, in which the same letter stands for the same weights to the bit."""
    digests = list(dict.fromkeys(run["weights"] for run in content["runs"]))
    lines = [[*_HEAD], ["---", "---:", "---", *["---:"] * 3]]
    for run in content["runs"]:
        lines.append(
            [
                run["name"],
                str(run["threads"]),
                ascii_uppercase[digests.index(run["weights"])],
                f"{run['weights_apart']:.1e}" if run["weights_apart"] else "0",
                f"{100 * run['recall']:.2f}",
                f"{100 * run['recall_apart']:.2f}%" if run["recall_apart"] else "0",
            ]
        )
    rows = "\n".join(f"| {' | '.join(line)} |" for line in lines).replace("| ---", "|---")
    versions = ", ".join(f"{name} {number}" for name, number in content["versions"].items())
    return (
        f"{rows}\n\nSeed {content['seed']}, {content['processor']}, Python {content['python']}, "
        f"{versions}; commit {content['commit'][:7]}."
    )
