"""The figures of tools/load_test.py → the table of a page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Content = Mapping[str, Any]


def markdown(content: Content) -> str:
    """Return a row a load, what became of the memory, and what was measured on."""
    head = "| Clients | Images | Requests | Answers | Requests a second | p50, ms | p99, ms |"
    rows = [_row(load) for load in content["load"]]
    return "\n".join([head, "|---:|---|---:|---|---:|---:|---:|", *rows, "", _last(content)])


def _row(load: Content) -> str:
    codes = ", ".join(f"{count:,} × {code}" for code, count in load["codes"].items())
    images = "good" if load["broken_every"] is None else f"one in {load['broken_every']} broken"
    return (
        f"| {load['clients']} | {images} | {load['requests']:,} | {codes} | "
        f"{load['per_second']:.0f} | {load['p50_ms']:.1f} | {load['p99_ms']:.1f} |"
    )


def _last(content: Content) -> str:
    memory, machine = content["memory"], content["machine"]
    before, after = (memory[key] / 2**20 for key in ("before", "after"))
    hardware, versions = machine["hardware"], machine["versions"]
    shared = " Other work ran on the same cores." if content["is_shared"] else ""
    return (
        f"Before the last row the service held {before:.0f} MiB of memory, after it {after:.0f} "
        f"({(after - before) / before:+.1%}). The service and its clients share "
        f"{hardware['cores']} cores of {hardware['cpu']}, with TensorFlow "
        f"{versions['tensorflow']}.{shared} Commit {machine['commit'][:7]}."
    )
