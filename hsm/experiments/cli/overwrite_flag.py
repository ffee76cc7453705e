"""The flag --overwrite of the commands that write one thing under a name of the user's choice."""

from __future__ import annotations

from absl import flags

flags.DEFINE_bool("overwrite", False, "Replace what has that name already.")
