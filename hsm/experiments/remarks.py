"""Two remarks of the paper's text as panels: feature norms, and features that are not normalised.

Section 3.3: the norms of features before normalisation are very similar if they were normalised in
training, and vary widely for SM. Section 5.2: features at unit length score slightly better than
features as they are. Whether these runs agree is said in a sentence each.

The numbers lie in and beside the records of finished runs. With --records=FOLDER they are drawn
from there alone; else what is missing in --output_dir is run, as table1 does. remarks_NAME.png,
.pdf and .csv go to --output_dir. The remark on GoogLeNet's port has a command of its own:
hsm.experiments.caffe_port.
"""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from hsm.experiments.cli import records_flag
from hsm.experiments.cli import run_flags as shared
from hsm.experiments.cli.app import run
from hsm.experiments.cli.command import command
from hsm.experiments.cli.data_flags import check_choices
from hsm.experiments.cli.requested_runs import RUN_FLAGS
from hsm.experiments.cli.table_command import Table, finished_runs
from hsm.experiments.config import METHODS
from hsm.output_folder import claim_output_folder

if TYPE_CHECKING:
    from hsm.experiments.reporting.recorded_runs import RecordedRun


@command(uses=[records_flag, *RUN_FLAGS])
def main() -> None:
    """Run the driver on the flags."""
    folder = records_flag.records_dir()
    if folder is None:
        for finished in finished_runs(Table("remarks", curves=False)):
            from hsm.experiments.reporting.recorded_runs import RecordedRun

            records_folder = finished.runner.workspace.records_dir
            _write([RecordedRun(record, records_folder) for record in finished.records])
        return
    from hsm.experiments.reporting import recorded_runs

    check_choices("methods", shared.FLAGS.methods, METHODS)
    runs = [run for run in recorded_runs.read(folder) if run.record.method in shared.FLAGS.methods]
    if not runs:
        raise ValueError(
            f"{folder}: expected a record of the flags. Received: none of "
            f"--methods={','.join(shared.FLAGS.methods)}"
        )
    _write(runs)


def _write(runs: list[RecordedRun]) -> None:
    from hsm.experiments.reporting import recorded_runs, remark_rows
    from hsm.visual.remark_panels import write_numbers, write_remarks
    from hsm.visual.style import missing_matplotlib

    folder = shared.output_dir()
    claim_output_folder(folder)
    for name, group in recorded_runs.by_dataset(recorded_runs.sorted_runs(runs)).items():
        rows, stem = remark_rows.rows(group), folder / f"remarks_{name}"
        print(f"\n{name}: spread of feature norms, (90th - 10th percentile) / median")
        for row in rows:
            spreads = (
                f"{part} {row.spread(part):.2f} ({norms[1]:.3g} to {norms[3]:.3g})"
                for part, norms in row.norms.items()
            )
            print(f"  {row.title:<18} {'   '.join(spreads)}")
        for sentence in remark_rows.sentences(rows):
            print(textwrap.fill(sentence, 100, initial_indent="  ", subsequent_indent="  "))
        print(f"Numbers: {write_numbers(rows, stem.with_name(f'{stem.name}.csv'))}")
        missing = missing_matplotlib("The panels")
        paths = [] if missing else write_remarks(rows, stem, title=name)
        print(missing or f"Panels: {', '.join(map(str, paths))}")


if __name__ == "__main__":
    run(main, module="hsm.experiments.remarks", doc=__doc__ or "")
