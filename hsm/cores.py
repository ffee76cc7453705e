"""How many processor cores this process may use."""

from __future__ import annotations

import os


def usable_cores() -> int:
    """Count the cores that the process may run on; where a system does not say, all it has."""
    if hasattr(os, "sched_getaffinity"):  # Linux.
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
