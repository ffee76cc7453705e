"""The flag --index of the commands that search."""

from __future__ import annotations

from absl import flags

flags.DEFINE_string("index", None, "The file that vectors are kept in.")
