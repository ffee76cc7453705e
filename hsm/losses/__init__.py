"""Losses, one a file."""

from __future__ import annotations

from hsm.losses.cross_entropy import cross_entropy

__all__ = ["cross_entropy"]
