"""Table 1: SM, LN, BN, HLN and HBN trained, scored on classes never seen, printed side by side.

Runs what is missing, skips what its records already hold, resumes what was cut off. The tables,
the learning curves and one record a run go to --output_dir. --variants adds rows that the paper's
text or the released code has and its tables do not. --tune chooses each method's settings first,
on training classes that are held out.
"""

from __future__ import annotations

from hsm.experiments.cli import tune_flags
from hsm.experiments.cli.app import run
from hsm.experiments.cli.command import command
from hsm.experiments.cli.requested_runs import DEVICE_FLAGS
from hsm.experiments.cli.table_command import Table, make

TABLE = Table("table1", run=tune_flags.runs)


@command(uses=(*DEVICE_FLAGS, tune_flags))
def main() -> None:
    """Run the driver on the flags."""
    make(TABLE)
    tune_flags.say_what_is_not_estimated()


if __name__ == "__main__":
    run(main, module="hsm.experiments.table1", doc=__doc__ or "")
