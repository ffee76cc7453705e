"""Figure 1: which images a training at each alpha would move, and which alpha is intermediate.

Without --model it trains HBN on --dataset, or takes up the run that table1 left in --output_dir. At
every epoch it counts the incorrect, boundary and centroid training images (Figure 1d), and measures
how long the gradients of each kind, and of the class weights, would be at alpha 0.1 to 128.

With --model it reports on a trained run: which alpha is intermediate for that model and its data,
how the training images lie at each phase that is known, and which --alpha and --heated_alpha to
try. The data set is the run's own; one that lies in a folder needs its --data_dir again. --weights,
which it started from, adds the start:

python -m hsm.experiments.figure1 --model=results/runs/NAME --data_dir=DIR

Written to --output_dir: figure1_NAME and figure1d_NAME, each as .png, .pdf and .csv.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from absl import flags

from hsm.experiments.cli import figure_flags, model_flag, requested_runs
from hsm.experiments.cli import run_flags as shared
from hsm.experiments.cli.app import load_tensorflow, run
from hsm.experiments.cli.command import command
from hsm.experiments.cli.flag_spelling import with_flags
from hsm.experiments.config import RunConfig
from hsm.models.backbone_specs import is_keras_file
from hsm.output_folder import claim_output_folder

if TYPE_CHECKING:
    from hsm.experiments.studies.gradient_study import GradientStudy

FLAGS = flags.FLAGS
_METHODS = ("LN", "BN", "HLN", "HBN")
_REASON = (
    "pretrained has no classifier, and SM, whose alpha is 1, normalises nothing: "
    "python -m hsm.experiments.figure3 shows its gradients"
)
flags.DEFINE_integer(
    "epoch",
    None,
    "Epoch whose weights Figure 1 shows; 0 is the start. Default: the last with at least 10 images "
    "of each kind, or else the last.",
    lower_bound=0,
)


@command(uses=[model_flag, figure_flags, *requested_runs.RUN_FLAGS], defaults={"methods": ["HBN"]})
def main() -> None:
    """Run the driver on the flags."""
    if FLAGS.model is not None:
        _report(Path(FLAGS.model).expanduser())
        return
    figure_flags.check_methods(_METHODS, _REASON)
    for runs in requested_runs.plan_runs():
        from hsm.experiments.runs.runner import Runner
        from hsm.experiments.studies.gradient_history import GradientHistory
        from hsm.experiments.studies.gradient_study import TrainingSample

        images = TrainingSample(runs.source.train, figure_flags.sample())
        history = GradientHistory(runs.source, runs.workspace, images)
        runner = Runner(
            runs.source,
            runs.workspace,
            runs.initial_weights,
            tensorboard=FLAGS.tensorboard,
            verbose=FLAGS.verbose,
            observe=history.observe,
        )
        for config in runs.configs:
            with runs.workspace.locked():
                runner.run(config)
            studies = history.studies(config, runs.initial_weights)
            _write(studies, config, name=runs.figure_name(config))


def _report(run_dir: Path) -> None:
    """Report on the run in `run_dir`."""
    config, class_names = figure_flags.read_run(run_dir, _METHODS, _REASON)
    initial_weights = shared.initial_weights()
    load_tensorflow()
    from hsm.experiments.runs.build import load_model
    from hsm.experiments.runs.workspace import Workspace
    from hsm.experiments.studies.gradient_history import GradientHistory
    from hsm.experiments.studies.gradient_study import TrainingSample

    load_model(run_dir)  # Whether it is finished is said before the images are looked through.
    source = model_flag.trained_source(config, class_names)
    workspace = Workspace(run_dir.resolve().parents[1])
    history = GradientHistory(
        source, workspace, TrainingSample(source.train, figure_flags.sample())
    )
    # The start can be had again only from what the run started from.
    given = initial_weights.source and Path(initial_weights.source).name
    has_start = given == config.weights and not is_keras_file(config.backbone)
    _write(
        history.studies(config, initial_weights if has_start else None), config, name=config.name
    )


def _write(studies: Sequence[GradientStudy], config: RunConfig, *, name: str) -> None:
    """Write figures and numbers, and print the report."""
    from hsm.experiments.studies import gradient_report
    from hsm.visual.files import write_csv
    from hsm.visual.style import missing_matplotlib

    shown = gradient_report.shown_study(studies, FLAGS.epoch)
    folder = shared.output_dir()
    claim_output_folder(folder)
    stems = [folder / f"figure1_{name}", folder / f"figure1d_{name}"]
    tables = (gradient_report.curve_rows(shown), gradient_report.share_rows(studies))
    for stem, rows in zip(stems, tables, strict=True):
        write_csv(stem.with_name(stem.name + ".csv"), rows)
    print(f"\n{with_flags(gradient_report.render(studies, config), set(FLAGS))}\n")
    missing = missing_matplotlib("Figure 1")
    if missing:
        print(missing)
    else:
        _draw(studies, shown, config, stems=stems)
    print(f"Figure 1 (epoch {shown.epoch}): {stems[0]}.*   Figure 1(d): {stems[1]}.*")


def _draw(
    studies: Sequence[GradientStudy],
    shown: GradientStudy,
    config: RunConfig,
    *,
    stems: Sequence[Path],
) -> None:

    from hsm.analysis import SampleKind
    from hsm.experiments.studies.gradient_report import title
    from hsm.visual.files import write_figure
    from hsm.visual.gradient_figure import draw_gradient_figure
    from hsm.visual.kind_shares_figure import draw_kind_shares
    from hsm.visual.style import look

    with look():
        figure = draw_gradient_figure(shown.curves, shown.range, title=title(shown, config))
        write_figure(figure, stems[0])
        shares = draw_kind_shares(
            [study.epoch for study in studies],
            [study.alpha for study in studies],
            shares=[[study.share(kind) for kind in SampleKind] for study in studies],
            ranges=[study.range for study in studies],
            title=f"{config.dataset}, {config.method}: {studies[-1].images} training images",
        )
        write_figure(shares, stems[1])


if __name__ == "__main__":
    run(main, module="hsm.experiments.figure1", doc=__doc__ or "")
