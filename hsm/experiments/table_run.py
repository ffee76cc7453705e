"""What the drivers of tables and figures do: plan, run what is missing, write tables and curves."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hsm.data.catalog import ZERO_SHOT
from hsm.experiments import data_flags
from hsm.experiments import flags as shared
from hsm.experiments.config import RunConfig
from hsm.experiments.driver import load_tensorflow
from hsm.experiments.finished import Finished

if TYPE_CHECKING:
    from hsm.data.sources.source import ImageSource
    from hsm.experiments.pretrained import Pretrained
    from hsm.experiments.workspace import Workspace


@dataclass(frozen=True)
class Table:
    """One table of the paper.

    Attributes:
        name: "table1" and so on, which names its files and its form, see `report.LAYOUTS`.
        split: How the data sets are divided, one of `hsm.data.catalog.SPLITS`.
        configs: The runs that the flags ask for; called as `flags.configs`.
        curves: Whether learning curves are drawn.
        narrowed: What becomes of a data set before it is used.
    """

    name: str
    split: str = ZERO_SHOT
    configs: Callable[[str, str, str], list[RunConfig]] = shared.configs
    curves: bool = True
    narrowed: Callable[[ImageSource], ImageSource] = lambda source: source


def make(table: Table) -> None:
    """Run what the table lacks and write it; with --dry_run only say what would run."""
    finished = finished_runs(table)
    if not finished:
        return
    from hsm.experiments.table_files import write

    write(finished, table=table.name, curves=_curve_stem(table))
    if shared.FLAGS.tensorboard:
        print(_tensorboard(finished[0].runner.workspace))


def _curve_stem(table: Table) -> str | None:
    """How files of learning curves start: those of another split must not replace Table 1's."""
    if not table.curves:
        return None
    return "learning_curves" if table.split == ZERO_SHOT else f"learning_curves_{table.name}"


def _tensorboard(workspace: Workspace) -> str:
    """How to look at what was written for it."""
    command = f"tensorboard --logdir={workspace.output_dir / 'tensorboard'}"
    if importlib.util.find_spec("tensorboard") is not None:
        return f"Curves and embeddings: {command}"
    return f"Curves and embeddings, after pip install tensorboard: {command}"


def finished_runs(table: Table) -> list[Finished]:
    """Run what is missing, data set by data set.

    Returns:
        The runs of every data set; with --dry_run, which only says what would run, none.
    """
    datasets = data_flags.datasets()
    pretrained = shared.pretrained()
    shared.check(table.configs, table.split)
    # Imported here, so that --help and a bad flag need no TensorFlow.
    load_tensorflow()
    from hsm.experiments import plan
    from hsm.experiments.runner import Runner
    from hsm.experiments.workspace import Workspace

    _check_backbones(table, datasets, pretrained)
    workspace = Workspace(shared.output_dir())
    found = []
    for dataset, source in _sources(table, datasets).items():
        configs = table.configs(dataset, source.name, table.split)
        print(plan.describe(configs, source, workspace), flush=True)
        if shared.FLAGS.dry_run:
            print(plan.estimate(configs, source, workspace, pretrained=pretrained))
            continue
        with workspace.locked():
            runner = Runner(source, workspace, pretrained, tensorboard=shared.FLAGS.tensorboard)
            found.append(Finished(runner, [runner.run(config) for config in configs]))
    return found


def _check_backbones(table: Table, datasets: Sequence[str], pretrained: Pretrained) -> None:
    """Says what is wrong with a backbone or its weights before the images are looked through."""
    from hsm.experiments import assemble

    first = [table.configs(dataset, dataset, table.split)[0] for dataset in datasets]
    for config in {(c.backbone, c.image_size): c for c in first}.values():
        assemble.build_pretrained(config, pretrained)


def _sources(table: Table, datasets: Sequence[str]) -> dict[str, ImageSource]:
    """All are read before the first is trained on: a wrong folder must not show up days later."""
    from hsm.data.sources import load_source

    return {
        dataset: table.narrowed(
            load_source(
                dataset, split=table.split, **data_flags.source_options(dataset, shared.limit())
            )
        )
        for dataset in datasets
    }
