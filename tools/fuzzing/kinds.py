"""What may become of an input."""

from __future__ import annotations

READ, REFUSED = "read", "refused"
# What must never be.
WRONG, UNNAMED, TRACEBACK = "wrong values", "file not named", "traceback"
CRASH, HANG, GREW, WROTE = "crash", "hang", "filled memory", "wrote outside"
