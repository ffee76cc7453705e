"""What drivers do first: plan the runs that the flags ask for, and read the data."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hsm.data.catalog import ZERO_SHOT
from hsm.experiments.cli import data_flags, hyperparameter_flags, limit_flag, precision
from hsm.experiments.cli import run_flags as shared
from hsm.experiments.cli.app import load_tensorflow
from hsm.experiments.cli.precision import check_model, check_precision
from hsm.experiments.config import RunConfig
from hsm.progress import say

if TYPE_CHECKING:
    from hsm.data.sources.source import ImageSource
    from hsm.experiments.config.initial_weights import Pretrained
    from hsm.experiments.runs.workspace import Workspace

Configs = Callable[[str, str, str], list[RunConfig]]

# Modules whose flags the commands use that run what they ask for.
RUN_FLAGS = (data_flags, limit_flag, shared, hyperparameter_flags, precision)


@dataclass(frozen=True)
class Wanted:
    """The runs on one data set.

    Attributes:
        source: the data.
        configs: the runs that the flags ask for.
        workspace: the output folder.
        pretrained: what backbones start from.
    """

    source: ImageSource
    configs: Sequence[RunConfig]
    workspace: Workspace
    pretrained: Pretrained

    def figure_name(self, config: RunConfig) -> str:
        """NAME in the names of a figure's files: the data set, or the run if there are several."""
        return self.source.name if len(self.configs) == 1 else config.name


def wanted(
    configs_of: Configs = shared.configs,
    split: str = ZERO_SHOT,
    *,
    narrowed: Callable[[ImageSource], ImageSource] = lambda source: source,
) -> Iterator[Wanted]:
    """The runs of each data set of the flags; with --dry_run nothing but a printed plan.

    Args:
        configs_of: the runs that the flags ask for; called as `flags.configs`.
        split: how the data sets are divided.
        narrowed: what becomes of a data set before it is used.

    Raises:
        ValueError, OSError: as the flags, the data and the weights give reason to.
    """
    datasets = data_flags.datasets()
    pretrained = shared.pretrained()
    shared.check(configs_of, split)
    # Imported here, so that --help and a bad flag need no TensorFlow.
    load_tensorflow()
    from hsm.experiments.runs import dry_run, plan
    from hsm.experiments.runs.workspace import Workspace

    check_backbones([configs_of(name, name, split)[0] for name in datasets], pretrained)
    workspace = Workspace(shared.output_dir())
    for dataset, source in _sources(datasets, split).items():
        used = narrowed(source)
        configs = configs_of(dataset, used.name, split)
        is_full = shared.FLAGS.dry_run or shared.FLAGS.verbose
        say((dry_run.describe if is_full else plan.brief)(configs, used, workspace))
        if shared.FLAGS.dry_run:
            print(dry_run.estimate(configs, used, workspace, pretrained=pretrained))
        else:
            yield Wanted(used, configs, workspace, pretrained)


def check_backbones(configs: Sequence[RunConfig], pretrained: Pretrained) -> None:
    """Says what is wrong with a backbone or its weights before the images are looked through.

    Raises:
        ValueError, OSError: as `hsm.experiments.runs.build.build_pretrained`.
    """
    from hsm.experiments.runs import build

    for config in {(c.backbone, c.image_size): c for c in configs}.values():
        check_precision(config.precision)  # Before weights are fetched.
        check_model(build.build_pretrained(config, pretrained))


def _sources(datasets: Sequence[str], split: str) -> dict[str, ImageSource]:
    """All are read before the first is trained on: a wrong folder must not show up days later."""
    from hsm.data.sources import load_source

    return {
        dataset: load_source(
            dataset, split=split, **data_flags.source_options(dataset, shared.limit())
        )
        for dataset in datasets
    }
