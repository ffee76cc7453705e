"""The flag --limit of the commands that score a part of a data set."""

from __future__ import annotations

from absl import flags

flags.DEFINE_integer(
    "limit",
    None,
    "About how many images of each part to keep, evenly over its first classes. Default: as many "
    "as the run of --model had; of another data set, and without --model, all.",
    lower_bound=4,
)
