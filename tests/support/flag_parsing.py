"""Parses flags in this process, whose flags are global, and sets them back."""

from __future__ import annotations

from contextlib import contextmanager

# Defines flags when it is first imported, which `parsed` would take away again.
import array_record.python.array_record_data_source  # noqa: F401
from absl import flags
from absl.testing import flagsaver

from hsm.experiments import table1
from hsm.experiments.cli import app


@contextmanager
def parsed(*arguments):
    """The flags as after this command line alone."""
    with flagsaver.flagsaver():
        flags.FLAGS(["table1", *arguments])
        yield flags.FLAGS


def run_table1(*arguments) -> int:
    """The exit code of table1 on these flags."""
    return run_table(table1, *arguments)


def run_table(table, *arguments) -> int:
    """The exit code of the driver `table`, a module, on these flags."""
    try:
        with parsed(*arguments):
            app._guarded(table.main)
    except SystemExit as end:
        return end.code
    return 0
