"""What computed a run: code, packages, machine, environment; and where that changed within it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

# Of a record's provenance; the others are times, and what the run started from.
_KEYS = ("commit", "dirty", "python", "versions", "hardware", "environment")
# Which epoch and step it computed from.
_PLACE = ("after_epoch", "after_step")


def made_with(provenance: Mapping[str, Any]) -> dict[str, Any]:
    """Return the part of a record's provenance that says what computed it, as JSON values."""
    return {key: provenance[key] for key in _KEYS if key in provenance}


def makers(provenance: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return what computed a run, in order: an entry, and one for each resumption elsewhere.

    Args:
        provenance: of its record.
    """
    return [dict(part) for part in provenance.get("trained_with", [])] or [made_with(provenance)]


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    """Return what differs between two entries of `makers`, in words; "" if nothing does.

    An entry that does not say what computed, as of an older version, differs in nothing.
    """
    old, new = dict(_leaves(before)), dict(_leaves(after))
    both = [key for key in new if key in old and old[key] != new[key]] if old else []
    gone = [key for key in old if key not in new]
    added = [key for key in new if key not in old] if old else []
    return ", ".join(
        [f"{key} {new[key]} ({old[key]} before)" for key in both]
        + [f"{key} {new[key]} (unset before)" for key in added]
        + [f"{key} unset ({old[key]} before)" for key in gone]
    )


def continuations(entries: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return a phrase for every later entry of `makers`: after which epoch, and what changed."""
    return [
        f"after epoch {new['after_epoch']}: "
        f"{changes(old, new) or 'what computed before is not known'}"
        for old, new in pairwise(entries)
    ]


def _leaves(entry: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield every value that is no mapping, under its own key."""
    for key, value in entry.items():
        if isinstance(value, Mapping):
            yield from _leaves(value)
        elif key not in _PLACE:
            yield key, value
