"""What the drivers of all tables do: plan, run what is missing, write tables and curves."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hsm.data.catalog import ZERO_SHOT
from hsm.experiments import data_flags
from hsm.experiments import flags as shared
from hsm.experiments.config import RunConfig
from hsm.experiments.driver import load_tensorflow

if TYPE_CHECKING:
    from hsm.experiments.workspace import Workspace


@dataclass(frozen=True)
class Table:
    """One table of the paper.

    Attributes:
        name: "table1" and so on, which names its files and its form, see `report.LAYOUTS`.
        split: How the data sets are divided, one of `hsm.data.catalog.SPLITS`.
        configs: The runs that the flags ask for; called as `flags.configs`.
        curves: Whether learning curves are drawn.
    """

    name: str
    split: str = ZERO_SHOT
    configs: Callable[[str, str, str], list[RunConfig]] = shared.configs
    curves: bool = True


def make(table: Table) -> None:
    """Run what the table lacks and write it; with --dry_run only say what would run."""
    datasets = data_flags.datasets()
    pretrained = shared.pretrained()
    shared.check(table.configs, table.split)
    # Imported here, so that --help and a bad flag need no TensorFlow.
    load_tensorflow()
    from hsm.data.sources import load_source
    from hsm.experiments import assemble, plan
    from hsm.experiments.runner import Runner
    from hsm.experiments.workspace import Workspace

    # What is wrong with a backbone or its weights is said before the images are looked through.
    first = [table.configs(dataset, dataset, table.split)[0] for dataset in datasets]
    for config in {(c.backbone, c.image_size): c for c in first}.values():
        assemble.build_pretrained(config, pretrained)
    workspace = Workspace(shared.output_dir())
    # All are read before the first is trained on: a wrong folder must not show up days later.
    sources = {
        dataset: load_source(
            dataset, split=table.split, **data_flags.source_options(dataset, shared.limit())
        )
        for dataset in datasets
    }
    records: list[dict[str, Any]] = []
    for dataset, source in sources.items():
        configs = table.configs(dataset, source.name, table.split)
        print(plan.describe(configs, source, workspace), flush=True)
        if shared.FLAGS.dry_run:
            print(plan.estimate(configs, source, workspace, pretrained=pretrained))
            continue
        with workspace.locked():
            runner = Runner(source, workspace, pretrained, tensorboard=shared.FLAGS.tensorboard)
            records += [runner.run(config) for config in configs]
    if records:
        _write(table, records, workspace)


def _write(table: Table, records: Sequence[dict[str, Any]], workspace: Workspace) -> None:
    from hsm.experiments import report

    report.write_tables(records, workspace.output_dir, table=table.name)
    print(f"\n{report.render_text(records, table.name)}\n")
    if table.curves:
        print(_curves(table, records, workspace))
    print(f"Tables and records are in {workspace.output_dir}")
    if shared.FLAGS.tensorboard:
        print(_tensorboard(workspace))


def _tensorboard(workspace: Workspace) -> str:
    """How to look at what was written for it."""
    command = f"tensorboard --logdir={workspace.output_dir / 'tensorboard'}"
    if importlib.util.find_spec("tensorboard") is not None:
        return f"Curves and embeddings: {command}"
    return f"Curves and embeddings, after pip install tensorboard: {command}"


def _curves(table: Table, records: Sequence[dict[str, Any]], workspace: Workspace) -> str:
    from hsm.experiments.summary import row_label
    from hsm.visual.learning_curves import write_learning_curves
    from hsm.visual.style import missing_matplotlib

    missing = missing_matplotlib("The learning curves")
    if missing:
        return missing
    # Table 1's keep the plain name; those of another split must not replace them.
    stem = "learning_curves" if table.split == ZERO_SHOT else f"learning_curves_{table.name}"
    paths = write_learning_curves(records, workspace.output_dir, stem=stem, name_of=row_label)
    return f"Learning curves: {', '.join(str(path) for path in paths)}"
