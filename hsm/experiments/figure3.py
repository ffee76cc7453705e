"""Figure 3: gradients of an unnormalised classifier (SM) against the length of the feature.

Trains SM on --dataset, or takes up the run that table1 left in --output_dir. With --model it takes
up that run; the data set is then the run's own, and one that lies in a folder needs its --data_dir
again.

The curves are those of the closed form, as if each training image's feature had another length;
below them stand the lengths that features really have, and the gradients measured there by
automatic differentiation. The weights are those of the last epoch with at least 10 incorrect,
boundary and centroid images each, or of the end if there is none, or if the run was trained by
another command.

Written to --output_dir: figure3_NAME.png, .pdf and .csv.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from absl import flags

from hsm.experiments.cli import figure_flags, model_flag, requested_runs
from hsm.experiments.cli import run_flags as shared
from hsm.experiments.cli.app import load_tensorflow, run
from hsm.experiments.cli.command import command
from hsm.output_folder import claim_output_folder

if TYPE_CHECKING:
    from hsm.data.sources.source import ImageSource
    from hsm.experiments.config import RunConfig
    from hsm.experiments.studies.norm_study import LastOfEachKind, NormStudy

FLAGS = flags.FLAGS
_METHODS = ("SM",)
_REASON = "the others normalise the feature: python -m hsm.experiments.figure1 shows theirs"


@command(uses=[model_flag, figure_flags, *requested_runs.RUN_FLAGS], defaults={"methods": ["SM"]})
def main() -> None:
    """Run the driver on the flags."""
    if FLAGS.model is not None:
        _of_model(Path(FLAGS.model).expanduser())
        return
    figure_flags.check_methods(_METHODS, _REASON)
    for runs in requested_runs.plan_runs():
        from hsm.experiments.runs.runner import Runner
        from hsm.experiments.studies.gradient_study import TrainingSample
        from hsm.experiments.studies.norm_study import LastOfEachKind

        last = LastOfEachKind(
            runs.workspace, TrainingSample(runs.source.train, figure_flags.sample())
        )
        runner = Runner(
            runs.source,
            runs.workspace,
            runs.initial_weights,
            tensorboard=FLAGS.tensorboard,
            verbose=FLAGS.verbose,
            observe=last.observe,
        )
        for config in runs.configs:
            with runs.workspace.locked():
                runner.run(config)
            _write(_study(last, runs.source, config), config, name=runs.figure_name(config))


def _of_model(run_dir: Path) -> None:
    """Show the run in `run_dir`."""
    config, class_names = figure_flags.read_run(run_dir, _METHODS, _REASON)
    load_tensorflow()
    from hsm.experiments.runs.build import load_model
    from hsm.experiments.runs.workspace import Workspace
    from hsm.experiments.studies.gradient_study import TrainingSample
    from hsm.experiments.studies.norm_study import LastOfEachKind

    load_model(run_dir)  # Whether it is finished is said before the images are looked through.
    source = model_flag.trained_source(config, class_names)
    workspace = Workspace(run_dir.resolve().parents[1])
    last = LastOfEachKind(workspace, TrainingSample(source.train, figure_flags.sample()))
    _write(_study(last, source, config), config, name=config.name)


def _study(last: LastOfEachKind, source: ImageSource, config: RunConfig) -> NormStudy:
    """Return the study that was kept while the run was trained, or else one of its end."""
    from hsm.experiments.runs.build import load_model
    from hsm.experiments.runs.evaluator import Evaluator
    from hsm.experiments.studies.norm_study import study

    kept = last.kept(config)
    if kept is not None:
        return kept
    model, _ = load_model(last.workspace.run_dir(config))
    evaluator = Evaluator(model.features, source, config)
    return study(model, evaluator, last.images, epoch=config.total_epochs)


def _write(study: NormStudy, config: RunConfig, *, name: str) -> None:
    """Write figure and numbers, and say what they show."""
    from hsm.experiments.studies import norm_study
    from hsm.visual.files import write_csv
    from hsm.visual.style import missing_matplotlib

    stem = shared.output_dir() / f"figure3_{name}"
    claim_output_folder(stem.parent)
    write_csv(stem.with_name(stem.name + ".csv"), norm_study.rows(study))
    print(f"\n{norm_study.render(study)}\n")
    missing = missing_matplotlib("Figure 3")
    if missing:
        print(missing)
    else:
        _draw(study, config, stem=stem)
    print(f"Figure 3: {stem}.*")


def _draw(study: NormStudy, config: RunConfig, *, stem: Path) -> None:

    from hsm.visual.files import write_figure
    from hsm.visual.norm_figure import draw_norm_figure
    from hsm.visual.style import look

    with look():
        figure = draw_norm_figure(
            study.curves,
            study.kinds,
            norms=study.norms,
            measured=study.measured,
            title=f"{config.dataset}, {config.method}, epoch {study.epoch} of "
            f"{config.total_epochs}: {len(study.norms)} training images; below, middle 80 % of "
            "lengths shaded",
        )
        write_figure(figure, stem)


if __name__ == "__main__":
    run(main, module="hsm.experiments.figure3", doc=__doc__ or "")
