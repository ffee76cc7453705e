"""The flag --model of the drivers that take up a trained run."""

from __future__ import annotations

from absl import flags

flags.DEFINE_string(
    "model",
    None,
    "Folder of a trained run, as table1 leaves it: <output_dir>/runs/<name>. Default: none.",
)
