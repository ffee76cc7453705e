"""What the drivers of tables and figures do: plan, run what is missing, write tables and curves."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hsm.data.catalog import ZERO_SHOT
from hsm.experiments.cli import device_flags
from hsm.experiments.cli import run_flags as shared
from hsm.experiments.cli.requested_runs import Configs, plan_runs
from hsm.experiments.config import RunConfig
from hsm.experiments.runs.finished_runs import FinishedRuns

if TYPE_CHECKING:
    from hsm.data.sources.source import ImageSource
    from hsm.experiments.config.run_record import RunRecord
    from hsm.experiments.runs.runner import Runner
    from hsm.experiments.runs.workspace import Workspace


def run_each(runner: Runner, configs: Sequence[RunConfig]) -> list[RunRecord]:
    """Run the configurations one after the other; a record each."""
    return [runner.run(config) for config in configs]


@dataclass(frozen=True)
class Table:
    """One table of the paper.

    Attributes:
        name: "table1" and so on, which names its files and its form, see `report.LAYOUTS`.
        split: how the data sets are divided, one of `hsm.data.catalog.SPLITS`.
        configs: the runs that the flags ask for; called as `flags.configs`.
        curves: whether learning curves are drawn.
        transform: what becomes of a data set before it is used.
        run: what runs the configurations of a data set.
    """

    name: str
    split: str = ZERO_SHOT
    configs: Configs = shared.configs
    curves: bool = True
    transform: Callable[[ImageSource], ImageSource] = lambda source: source
    run: Callable[[Runner, Sequence[RunConfig]], list[RunRecord]] = run_each


def make(table: Table) -> None:
    """Run what the table lacks and write it; with --dry_run only say what would run."""
    finished = finished_runs(table)
    if not (finished and finished[0].runner.devices.is_chief):
        return
    from hsm.experiments.reporting.table_report import write

    write(finished, table=table.name, curves=_curve_stem(table))
    if shared.FLAGS.tensorboard:
        print(_tensorboard(finished[0].runner.workspace))


def _curve_stem(table: Table) -> str | None:
    """Return the stem of learning curves' files: another split must not replace Table 1's."""
    if not table.curves:
        return None
    return "learning_curves" if table.split == ZERO_SHOT else f"learning_curves_{table.name}"


def _tensorboard(workspace: Workspace) -> str:
    """Return how to look at what was written for it."""
    command = f"tensorboard --logdir={workspace.output_dir / 'tensorboard'}"
    if importlib.util.find_spec("tensorboard") is not None:
        return f"Curves and embeddings: {command}"
    return f"Curves and embeddings, after pip install tensorboard: {command}"


def finished_runs(table: Table) -> list[FinishedRuns]:
    """Run what is missing, data set by data set.

    Returns:
        The runs of every data set; with --dry_run, which only says what would run, none.
    """
    finished = []
    for runs in plan_runs(table.configs, table.split, transform=table.transform, on_devices=True):
        # Not before: --help and a bad flag need no TensorFlow.
        from hsm.experiments.runs.runner import Runner

        tensorboard = shared.FLAGS.tensorboard
        with device_flags.working(runs.devices, runs.workspace):
            runner = Runner(
                runs.source,
                runs.workspace,
                runs.initial_weights,
                tensorboard=tensorboard,
                verbose=shared.FLAGS.verbose,
                devices=runs.devices,
            )
            finished.append(FinishedRuns(runner, table.run(runner, runs.configs)))
    return finished
