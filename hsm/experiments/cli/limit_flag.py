"""The flag --limit of the commands that read a data set."""

from __future__ import annotations

from absl import flags

flags.DEFINE_integer(
    "limit",
    None,
    "About how many images of each part to keep, evenly over its first classes. Default: all, with "
    "--smoke a few; of the data of a trained run as many as that had.",
    lower_bound=4,
)
