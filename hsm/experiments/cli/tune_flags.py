"""The flags of the search for settings on held-out training classes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from absl import flags

from hsm.experiments.cli import run_flags  # noqa: F401 - defines --dry_run
from hsm.experiments.config import RunConfig

if TYPE_CHECKING:
    from hsm.experiments.config.run_record import RunRecord
    from hsm.experiments.runs.runner import Runner

flags.DEFINE_integer(
    "tune",
    0,
    "Choose the learning rate and one more setting of each method by so many trials. The first is "
    "the recipe, the others are drawn around it by the first seed. The last fifth of the training "
    "classes, at least two of ten, is held out for them and scored by MAP@R; test classes are "
    "never looked at. LN and BN are tuned before HLN and HBN, whose trials choose rate and alpha "
    "after the switch. Then every method trains on all training classes. 0: no trials.",
    lower_bound=0,
)
flags.DEFINE_integer(
    "tune_epochs",
    None,
    "Epochs of a trial, shared out before and after the switch as those of a run are, with at "
    "least one on each side for HLN and HBN. Default: as many as a run has, since the best rate of "
    "a shorter one is larger.",
    lower_bound=1,
)

FLAGS = flags.FLAGS


def runs(runner: Runner, configs: Sequence[RunConfig]) -> list[RunRecord]:
    """Run `configs`, tuned where the flags say so; a record each.

    Raises:
        ValueError: as `hsm.experiments.runs.tuning.run`.
    """
    if not FLAGS.tune:
        if FLAGS.tune_epochs is not None:
            raise ValueError(
                "expected --tune_epochs with --tune=N, a number of trials. Received: --tune=0"
            )
        return [runner.run(config) for config in configs]
    # Imported here, so that --help and a bad flag need no TensorFlow.
    from hsm.experiments.runs import tuning

    return tuning.run(runner, configs, trials=FLAGS.tune, epochs=FLAGS.tune_epochs)


def say_what_is_not_estimated() -> None:
    """Report below the plan of --dry_run that trials come before what it counts."""
    if FLAGS.dry_run and FLAGS.tune:
        print(f"  before these runs, and not in the estimate: {FLAGS.tune} trials of every method")
