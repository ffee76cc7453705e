"""What drivers of figures do first: have the runs that the flags ask for, trained or found."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hsm.data.catalog import ZERO_SHOT
from hsm.experiments import data_flags
from hsm.experiments import flags as shared
from hsm.experiments.config import RunConfig
from hsm.experiments.driver import load_tensorflow

if TYPE_CHECKING:
    from hsm.data.sources.source import ImageSource
    from hsm.experiments.pretrained import Pretrained
    from hsm.experiments.workspace import Workspace


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


def check_methods(methods: Sequence[str], reason: str) -> None:
    """Holds --methods to `methods`; `reason` says why others cannot be shown.

    Raises:
        ValueError: if --methods names another one, or --variants makes one of another.
    """
    chosen = [*shared.FLAGS.methods]
    if [method for method in chosen if method not in methods] or not chosen:
        raise ValueError(
            f"--methods takes some of {', '.join(methods)} here: {reason}. "
            f"Received: {','.join(chosen)!r}"
        )
    if shared.FLAGS.variants:
        raise ValueError("--variants does not go with figures: they are rows of tables 1, 2 and 4")


def wanted() -> Iterator[Wanted]:
    """The runs of each data set of the flags; with --dry_run nothing but a printed plan.

    Raises:
        ValueError, OSError: as the flags, the data and the weights give reason to.
    """
    datasets = data_flags.datasets()
    pretrained = shared.pretrained()
    shared.check(shared.configs, ZERO_SHOT)
    # Imported here, so that --help and a bad flag need no TensorFlow.
    load_tensorflow()
    from hsm.data.sources import load_source
    from hsm.experiments import assemble, plan
    from hsm.experiments.workspace import Workspace

    first = [shared.configs(dataset, dataset, ZERO_SHOT)[0] for dataset in datasets]
    for config in {(c.backbone, c.image_size): c for c in first}.values():
        assemble.build_pretrained(config, pretrained)
    workspace = Workspace(shared.output_dir())
    # All are read before the first is trained on: a wrong folder must not show up days later.
    sources = {
        dataset: load_source(dataset, **data_flags.source_options(dataset, shared.limit()))
        for dataset in datasets
    }
    for dataset, source in sources.items():
        configs = shared.configs(dataset, source.name)
        print(plan.describe(configs, source, workspace), flush=True)
        if shared.FLAGS.dry_run:
            print(plan.estimate(configs, source, workspace, pretrained=pretrained))
        else:
            yield Wanted(source, configs, workspace, pretrained)
