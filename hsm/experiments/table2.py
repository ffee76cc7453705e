"""Table 2: SM, LN, BN, HLN and HBN trained, queries of unseen classes looked up in a gallery.

In-shop has its own queries and gallery; of other data sets the test images of every class are dealt
in turn to the queries and to the gallery. Runs what is missing, skips what its records already
hold, resumes what was cut off. The tables, the learning curves and one record a run go to
--output_dir.
"""

from __future__ import annotations

from hsm.data.catalog import QUERY_GALLERY
from hsm.experiments.cli.app import run
from hsm.experiments.cli.command import command
from hsm.experiments.cli.requested_runs import DEVICE_FLAGS
from hsm.experiments.cli.table_command import Table, make

TABLE = Table("table2", split=QUERY_GALLERY)


@command(uses=DEVICE_FLAGS)
def main() -> None:
    """Run the driver on the flags."""
    make(TABLE)


if __name__ == "__main__":
    run(main, module="hsm.experiments.table2", doc=__doc__ or "")
