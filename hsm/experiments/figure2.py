"""Figure 2: two-dimensional embeddings of test digits, a colour a digit, weights as diamonds.

LeNet learns ten digits with an embedding of two dimensions: not normalised (SM), the same with its
features normalised afterwards, trained with l2-normalisation (LN) at several alphas, and heated up
(HLN). Every method trains --epochs + --heated_epochs. Runs what is missing, then draws
figure2_NAME.png and .pdf and writes every point to figure2_NAME.csv in --output_dir. The percentage
over a panel is the accuracy on the test digits. Printed, too: how far they lie from the mean
direction of their class, and how long they are.

The default are the digits of scikit-learn; --dataset=mnist takes the paper's. --profile=official is
the released recipe, with 81 + 19 epochs.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from absl import flags

from hsm.data.catalog import CLASSIFICATION
from hsm.experiments.cli import run_flags as shared
from hsm.experiments.cli.app import run
from hsm.experiments.cli.command import command
from hsm.experiments.cli.data_flags import check_choices
from hsm.experiments.cli.hyperparameter_flags import numbers
from hsm.experiments.cli.requested_runs import RUN_FLAGS
from hsm.experiments.cli.table_command import Table, finished_runs
from hsm.experiments.config import RunConfig
from hsm.experiments.config.figure2_recipes import ALPHAS, FIGURE2_RECIPES, TRAIN_IMAGES
from hsm.experiments.runs.finished_runs import FinishedRuns

if TYPE_CHECKING:
    from hsm.data.sources.source import ImageSource

FLAGS = flags.FLAGS
_METHODS = ("SM", "LN", "HLN")
_SMOKE_ALPHAS = (4.0,)
_DATASETS = tuple(FIGURE2_RECIPES["paper"])

flags.DEFINE_list(
    "ln_alphas",
    None,
    "The alphas that LN is trained at, a panel each. Default: "
    f"{','.join(f'{alpha:g}' for alpha in ALPHAS)}, as in the paper; with --smoke 4.",
)


def configs(dataset: str, name: str, split: str) -> list[RunConfig]:
    """Return the runs of this figure, panel by panel.

    Raises:
        ValueError: if a flag's value breaks a rule, or has no place in this figure.
    """
    check_choices("dataset", [dataset], _DATASETS)
    check_choices("methods", FLAGS.methods, _METHODS)
    if len(FLAGS.seeds) > 1 or FLAGS.variants or (FLAGS.embedding_dim or 2) != 2:
        raise ValueError(
            "expected one of --seeds, no --variants and an --embedding_dim of 2. Received: "
            f"--seeds={','.join(FLAGS.seeds)}, --variants={','.join(FLAGS.variants)}, "
            f"--embedding_dim={FLAGS.embedding_dim or 2}"
        )
    alphas = numbers("ln_alphas", _SMOKE_ALPHAS if FLAGS.smoke else ALPHAS)
    return [
        replace(base, alpha=alpha)
        for base in shared.configs(dataset, name, split, recipes=FIGURE2_RECIPES)
        for alpha in (dict.fromkeys(alphas) if base.method == "LN" else [base.alpha])
    ]


def training_images(source: ImageSource) -> ImageSource:
    """Return `source` with as many of MNIST's training images as the profile has, the last ones."""
    count = TRAIN_IMAGES[FLAGS.profile]
    if source.name != "mnist" or len(source.train) <= count:
        return source
    import numpy as np

    kept = np.arange(len(source.train))[-count:]
    return replace(source, train=source.train.subset(kept, relabel=False))


FIGURE = Table("figure2", CLASSIFICATION, configs, curves=False, transform=training_images)


@command(uses=RUN_FLAGS, defaults={"methods": list(_METHODS), "dataset": ["digits"]})
def main() -> None:
    """Run the driver on the flags."""
    for finished in finished_runs(FIGURE):
        _write(finished)


def _write(finished: FinishedRuns) -> None:
    from hsm.experiments.studies.embedding_planes import embedding_planes, render
    from hsm.visual.class_planes import write_planes, write_points
    from hsm.visual.style import missing_matplotlib

    source, workspace = finished.runner.source, finished.runner.workspace
    panels, names = embedding_planes(finished.records, source, workspace), source.test.class_names
    stem = workspace.output_dir / f"figure2_{source.name}"
    print(f"\n{render(panels)}\n")
    print(f"Points: {write_points(panels, stem.with_name(f'{stem.name}.csv'), class_names=names)}")
    missing = missing_matplotlib("Figure 2")
    paths = [] if missing else write_planes(panels, stem, class_names=names)
    print(missing or f"Figure 2: {', '.join(map(str, paths))}")


if __name__ == "__main__":
    run(main, module="hsm.experiments.figure2", doc=__doc__ or "")
