"""Table 4: SM, LN, BN, HLN and HBN as classifiers: accuracy on new images of the training classes.

Cars196 and CUB-200-2011 have a predefined split; of other data sets the images of every class are
dealt in turn to the training and to the test half. Runs what is missing, skips what its records
already hold, resumes what was cut off. The tables, the learning curves and one record a run go to
--output_dir.
"""

from __future__ import annotations

from hsm.data.catalog import CLASSIFICATION
from hsm.experiments.cli.app import run
from hsm.experiments.cli.command import command
from hsm.experiments.cli.requested_runs import DEVICE_FLAGS
from hsm.experiments.cli.table_command import Table, make

TABLE = Table("table4", split=CLASSIFICATION)


@command(uses=DEVICE_FLAGS)
def main() -> None:
    """Run the driver on the flags."""
    make(TABLE)


if __name__ == "__main__":
    run(main, module="hsm.experiments.table4", doc=__doc__ or "")
