"""Figure 4: how similar pairs of one class and pairs of two are, for SM, BN at several alphas, HBN.

Histograms of the cosine similarity, each of area 1, of training images on the left and of test
images on the right. The overlap is what the two histograms of a panel share: 0 if a cosine always
tells whether two images are of one class, 1 if it never does.

The histograms lie beside the records of finished runs. With --records=FOLDER they are drawn from
there alone; else what is missing in --output_dir is run, as table3 does, but on digits with 20 + 5
epochs. figure4_NAME.png, .pdf and .csv go to --output_dir.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from absl import flags

from hsm.experiments.cli import records_flag
from hsm.experiments.cli import run_flags as shared
from hsm.experiments.cli.app import run
from hsm.experiments.cli.command import command
from hsm.experiments.cli.data_flags import check_choices
from hsm.experiments.cli.hyperparameter_flags import numbers
from hsm.experiments.cli.requested_runs import RUN_FLAGS
from hsm.experiments.cli.table_command import Table, finished_runs
from hsm.experiments.config import METHODS, RunConfig
from hsm.experiments.config.recipes import RECIPES
from hsm.output_folder import claim_output_folder

if TYPE_CHECKING:
    from hsm.experiments.reporting.recorded_runs import RecordedRun

FLAGS = flags.FLAGS
_ALPHAS, _SMOKE_ALPHAS = (4.0, 8.0, 16.0, 32.0), (4.0,)
# Our choice, half of table1's: with them the six runs took 87 s on two cores, and 142 s without.
_DIGITS = {**RECIPES["paper"]["digits"], "epochs": 20, "heated_epochs": 5}
_RECIPES = {**RECIPES, "paper": {**RECIPES["paper"], "digits": _DIGITS}}

flags.DEFINE_list(
    "bn_alphas",
    None,
    "The alphas of BN, a line of panels each. Default: 4,8,16,32, as in the paper; with --smoke 4.",
)


def configs(dataset: str, name: str, split: str) -> list[RunConfig]:
    """Return the runs of this figure, line by line.

    Raises:
        ValueError: if a flag's value breaks a rule.
    """
    return [
        replace(base, alpha=alpha)
        for base in shared.configs(dataset, name, split, recipes=_RECIPES)
        for alpha in (_alphas() if base.method == "BN" else [base.alpha])
    ]


def _alphas() -> list[float]:
    chosen = numbers("bn_alphas", _SMOKE_ALPHAS if FLAGS.smoke else _ALPHAS)
    return list(dict.fromkeys(chosen))


@command(uses=[records_flag, *RUN_FLAGS], defaults={"methods": ["SM", "BN", "HBN"]})
def main() -> None:
    """Run the driver on the flags."""
    folder = records_flag.records_dir()
    if folder is not None:
        from hsm.experiments.reporting import recorded_runs

        check_choices("methods", FLAGS.methods, METHODS)
        runs = [run for run in recorded_runs.read(folder) if _is_shown(run)]
        if not runs:
            raise ValueError(
                f"{folder}: expected a record of the flags. Received: none of "
                f"--methods={','.join(FLAGS.methods)}, "
                f"--bn_alphas={','.join(f'{alpha:g}' for alpha in _alphas())} and the given "
                "--embedding_dim. Choose others."
            )
        _write(runs)
        return
    for finished in finished_runs(Table("figure4", configs=configs, curves=False)):
        from hsm.experiments.reporting.recorded_runs import RecordedRun, sorted_runs

        records_folder = finished.runner.workspace.records_dir
        _write(sorted_runs(RecordedRun(record, records_folder) for record in finished.records))


def _is_shown(run: RecordedRun) -> bool:
    """Return whether the flags ask for a recorded run: its method, BN's alpha and the width."""
    config = run.record.config
    return (
        run.row in FLAGS.methods
        and (run.row != "BN" or config.alpha in _alphas())
        and config.embedding_dim == (FLAGS.embedding_dim or config.embedding_dim)
    )


def _write(runs: list[RecordedRun]) -> None:
    from hsm.experiments.reporting import recorded_runs, similarities
    from hsm.visual.similarity_histograms import write_densities, write_similarities
    from hsm.visual.style import missing_matplotlib

    folder = shared.output_dir()
    claim_output_folder(folder)
    for name, group in recorded_runs.by_dataset(runs).items():
        rows, stem = similarities.rows(group), folder / f"figure4_{name}"
        print(f"\n{name}: overlap of the same class with different classes; mean cosine of each")
        for row in rows:
            for part, cosines in (("training", row.train), ("test", row.test)):
                same, other = cosines.means()
                numbers_ = f"{cosines.overlap:.3f}   same {same:+.3f}   different {other:+.3f}"
                print(f"  {row.title:<18} {part:<9} {numbers_}")
        print(f"Densities: {write_densities(rows, stem.with_name(f'{stem.name}.csv'))}")
        missing = missing_matplotlib("Figure 4")
        paths = [] if missing else write_similarities(rows, stem)
        print(missing or f"Figure 4: {', '.join(map(str, paths))}")


if __name__ == "__main__":
    run(main, module="hsm.experiments.figure4", doc=__doc__ or "")
