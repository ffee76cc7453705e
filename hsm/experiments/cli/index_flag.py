"""The flag --index of the commands that search."""

from __future__ import annotations

from absl import flags

flags.DEFINE_string("index", None, "File of an index of images. Default: none.")
