"""The flag files in experiments/, one a data set, from its recipe and the records of its runs.

A file holds the main numbers of the profile "paper". Its heading says which command reads it, and
what that gave: the table of the records whose configurations are the file's, but for the weights'
name, which the file leaves open.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from hsm.data.catalog import CATALOG, INSTALLED
from hsm.experiments.cli.hyperparameter_flags import spelt
from hsm.experiments.cli.run_flags import FLAGS
from hsm.experiments.config import RunConfig
from hsm.experiments.config.recipes import RECIPES
from hsm.experiments.config.run_record import RunRecord
from hsm.experiments.reporting.grid import to_text
from hsm.experiments.reporting.table_writers import LAYOUTS
from hsm.models.backbone_specs import check_backbone

_PROFILE = "paper"
_METHODS: tuple[str, ...] = tuple(FLAGS["methods"].default or ())
_SPELT_OUT = (
    "profile",
    "backbone",
    "image_size",
    "embedding_dim",
    "batch_size",
    "optimizer",
    "momentum",
    "adam_epsilon",
    "learning_rate",
    "alpha",
    "epochs",
    "heated_epochs",
    "heated_alpha",
    "ks",
)
# What the other optimiser alone has.
_NOT_OF = {"sgd": "adam_epsilon", "adam": "momentum"}
_WIDTH = 98


def flag_files(runs: Iterable[RunRecord]) -> dict[str, str]:
    """Return the text of every flag file, by its name.

    Args:
        runs: records of any runs; those that no file gives are passed over.
    """
    by_name = {run.name: run for run in runs}
    return {f"{dataset}.cfg": _file(dataset, by_name.values()) for dataset in RECIPES[_PROFILE]}


def _file(dataset: str, runs: Iterable[RunRecord]) -> str:
    recipe = RECIPES[_PROFILE][dataset]
    given = [run for run in runs if _is_given(run, dataset, recipe)]
    heading = [
        f"{dataset}: {CATALOG[dataset].summary}.",
        f"The recipe of --profile={_PROFILE} for {', '.join(_METHODS)}. Flags that come after the "
        "file win: --methods=HBN trains one of them.",
        _command(dataset, recipe),
        "",
        *_given(given),
    ]
    comments = [f"# {line}".rstrip() for line in heading for line in _filled(line)]
    return "\n".join([*comments, "", *_flags(dataset, recipe), ""])


def _is_given(run: RunRecord, dataset: str, recipe: Mapping[str, Any]) -> bool:
    """Tell whether the file of `dataset` gives a run, with whatever weights."""
    config = run.config
    if config.method not in _METHODS:
        return False
    expected = RunConfig(dataset=dataset, method=config.method, seed=config.seed, **recipe)
    return replace(config, weights=None).name == expected.name


def _command(dataset: str, recipe: Mapping[str, Any]) -> str:
    words = [f"python -m hsm.experiments.table1 --flagfile=experiments/{dataset}.cfg"]
    if _takes_weights(recipe):
        words.append("--weights=FILE")
    if CATALOG[dataset].expected:
        words.append(f"--{dataset}_dir=FOLDER")
    elif dataset not in INSTALLED:
        words.append("--data_dir=FOLDER")
    return " ".join(words)


def _takes_weights(recipe: Mapping[str, Any]) -> bool:
    try:
        check_backbone(str(recipe["backbone"]), "FILE", str(recipe["precision"]))
    except ValueError:
        return False
    return True


def _given(runs: Sequence[RunRecord]) -> list[str]:
    """Return what is known of the command's result."""
    if not runs:
        return ["Not run here with these numbers."]
    seeds = sorted({run.seed for run in runs})
    table = to_text(LAYOUTS["table1"](runs)[0], width=_WIDTH)
    return [f"With --seeds={','.join(map(str, seeds))} it gave:", "", *table.splitlines()]


def _filled(line: str) -> list[str]:
    """Return a line of the heading as lines of its width; a command and a table's row stay."""
    if line.startswith("python ") or len(line) <= _WIDTH:
        return [line]
    return textwrap.wrap(line, _WIDTH)


def _flags(dataset: str, recipe: Mapping[str, Any]) -> list[str]:
    unused = _NOT_OF[str(recipe["optimizer"])]
    numbers = {name: spelt(recipe[name]) for name in _SPELT_OUT if name != unused}
    values = {"dataset": dataset, "methods": ",".join(_METHODS), **numbers}
    return [f"--{name}={value}" for name, value in values.items()]
