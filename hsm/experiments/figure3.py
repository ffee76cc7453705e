"""Figure 3: gradients of an unnormalised classifier (SM) against the length of the feature.

Trains SM on --dataset, or takes up the run that table1 left in --output_dir. The curves are those
of the closed form, as if each training image's feature had another length; below them stand the
lengths that features really have, and the gradients measured there by automatic differentiation.
The weights are those of the last epoch with at least 10 incorrect, boundary and centroid images
each, or of the end if there is none, or if the run was trained by another command.

Written to --output_dir: figure3_NAME.png, .pdf and .csv.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from absl import flags

from hsm.experiments import figure_runs, wanted_runs
from hsm.experiments import flags as shared
from hsm.experiments.driver import run

if TYPE_CHECKING:
    from hsm.experiments.config import RunConfig
    from hsm.experiments.norm_study import NormStudy

FLAGS = flags.FLAGS
# Enough to try everything out.
_SMOKE_SAMPLE = 64

flags.DEFINE_integer(
    "sample", 1024, "Measure at most this many training images, evenly spaced.", lower_bound=2
)


def main() -> None:
    """Run the driver on the flags."""
    figure_runs.check_methods(
        ("SM",), "the others normalise the feature: python -m hsm.experiments.figure1 shows theirs"
    )
    for wanted in wanted_runs.wanted():
        from hsm.experiments.assemble import load_model
        from hsm.experiments.evaluator import Evaluator
        from hsm.experiments.gradient_study import TrainingSample
        from hsm.experiments.norm_study import LastOfEachKind, study
        from hsm.experiments.runner import Runner

        most = min(FLAGS.sample, _SMOKE_SAMPLE) if FLAGS.smoke else FLAGS.sample
        images = TrainingSample(wanted.source.train, most)
        last = LastOfEachKind(wanted.workspace, images)
        runner = Runner(wanted.source, wanted.workspace, wanted.pretrained, observe=last.observe)
        for config in wanted.configs:
            with wanted.workspace.locked():
                runner.run(config)
            found = last.kept(config)
            if found is None:
                model, _ = load_model(wanted.workspace.run_dir(config))
                evaluator = Evaluator(model.features, wanted.source, config)
                found = study(model, evaluator, images, epoch=config.total_epochs)
            _write(found, config, name=wanted.figure_name(config))


def _write(found: NormStudy, config: RunConfig, *, name: str) -> None:
    """Write figure and numbers, and say what they show."""
    from hsm.experiments import norm_study
    from hsm.visual.files import write_csv
    from hsm.visual.style import missing_matplotlib

    stem = shared.output_dir() / f"figure3_{name}"
    write_csv(stem.with_name(stem.name + ".csv"), norm_study.rows(found))
    print(f"\n{norm_study.render(found)}\n")
    missing = missing_matplotlib("Figure 3")
    if missing:
        print(missing)
    else:
        _draw(found, config, stem=stem)
    print(f"Figure 3: {stem}.*")


def _draw(found: NormStudy, config: RunConfig, *, stem: Path) -> None:
    import matplotlib

    from hsm.visual.files import write_figure
    from hsm.visual.norm_figure import draw_norm_figure
    from hsm.visual.style import RC

    with matplotlib.rc_context(dict(RC)):
        figure = draw_norm_figure(
            found.curves,
            found.kinds,
            norms=found.norms,
            measured=found.measured,
            title=f"{config.dataset}, {config.method}, epoch {found.epoch} of "
            f"{config.total_epochs}: {len(found.norms)} training images; below, the middle 80 % of "
            "their lengths are shaded",
        )
        write_figure(figure, stem)


if __name__ == "__main__":
    FLAGS.set_default("methods", ["SM"])
    run(main, module="hsm.experiments.figure3", doc=__doc__ or "")
