"""What is about to run, in four lines; `dry_run` has all of it."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import Any

from hsm.data.sources.source import ImageSource, Split
from hsm.experiments.config import RunConfig
from hsm.experiments.config.variants import label
from hsm.experiments.runs import dry_run
from hsm.experiments.runs.workspace import Workspace
from hsm.progress import width


def brief(configs: Sequence[RunConfig], source: ImageSource, workspace: Workspace) -> str:
    """Return lines on data, schedule, network, what is left to do and what is remarkable."""
    tested = _side("are tested", source.test)
    if source.gallery:
        tested += f", found among {len(source.gallery):,} others"
    elif not configs[0].is_classification:
        tested += "; none of these classes trains"
    if source.note:
        tested += f"; {source.note}"
    data = [f"{source.name}: {_side('train', source.train)}", tested]
    filled = [*map(_filled, data), training(configs, workspace)]
    remarks = [*dry_run.remarks(source), *dry_run.without_driver(configs[0])]
    return "\n".join([*filled, *remarks]) + "\n"


def training(configs: Sequence[RunConfig], workspace: Workspace) -> str:
    """Return schedule, network, and how much is left to do: a line each."""
    return "\n".join(map(_filled, (_schedule(configs), _network(configs, workspace))))


def _filled(line: str) -> str:
    return textwrap.fill(line, width(), subsequent_indent="  ")


def _side(does: str, split: Split) -> str:
    return f"{len(split):,} images of {split.num_classes:,} classes {does} ({dry_run.ends(split)})"


def _schedule(configs: Sequence[RunConfig]) -> str:
    rows = ", ".join(dict.fromkeys(label(config) for config in configs))
    seeds = _values(configs, "seed")
    epochs = f"{_values(configs, 'epochs')} + {_values(configs, 'heated_epochs')} epochs"
    return (
        f"{rows}: {epochs} of batches of {_values(configs, 'batch_size')}, "
        f"rate {_values(configs, 'learning_rate')}, seed {seeds}"
    )


def _network(configs: Sequence[RunConfig], workspace: Workspace) -> str:
    recorded = sum(workspace.record(config) is not None for config in configs)
    start = _values(configs, "weights")
    return (
        f"{_values(configs, 'backbone')} from {'random weights' if start == 'None' else start}, "
        f"{_values(configs, 'image_size')} pixels, {_values(configs, 'embedding_dim')} dimensions; "
        f"{recorded} of {len(configs)} runs are recorded in {workspace.output_dir}"
    )


def _values(configs: Sequence[RunConfig], name: str) -> str:
    """Return a setting; where the runs differ, all its values."""
    values: dict[Any, None] = dict.fromkeys(config.to_json()[name] for config in configs)
    return " or ".join(map(str, values))
