"""What is about to run: counts, recipe, runs, and an estimate of the time."""

from __future__ import annotations

import dataclasses
import textwrap
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hsm.data.sources.source import ImageSource, Split
from hsm.experiments.config import RunConfig
from hsm.experiments.config.hyperparameters import Hyperparameters
from hsm.experiments.config.initial_weights import RANDOM, InitialWeights
from hsm.experiments.config.recipes import WITH_RELEASED_DRIVER
from hsm.experiments.config.variants import label
from hsm.experiments.runs import build
from hsm.experiments.runs.workspace import Workspace
from hsm.progress import width
from hsm.training.devices import Devices
from hsm.training.progress import read_progress
from hsm.training.step import TrainStep

_TIMED_STEPS = 3
# Shown always; the others where they differ from the paper's.
_SHOWN = (
    "profile",
    "backbone",
    "weights",
    "image_size",
    "embedding_dim",
    "optimizer",
    "learning_rate",
    "batch_size",
    "alpha",
    "heated_alpha",
    "epochs",
    "heated_epochs",
    "eval_every",
    "precision",
)


def describe(configs: Sequence[RunConfig], source: ImageSource, workspace: Workspace) -> str:
    """Return counts, settings, and which runs are recorded already. Several lines of text."""
    recorded = sum(workspace.record(config) is not None for config in configs)
    rows = ", ".join(dict.fromkeys(label(config) for config in configs))
    seeds = ", ".join(dict.fromkeys(str(config.seed) for config in configs))
    return "\n".join(
        [
            f"{source.name}: {_count(source.train)} train, {_count(source.test)} test"
            + (f", {_count(source.gallery)} gallery" if source.gallery else ""),
            _filled(_classes(source)),
            *remarks(source),
            settings(configs),
            f"  {len(configs)} runs ({rows}; seed {seeds}), {recorded} of them recorded already",
            *(_filled(note) for note in _method_notes(configs)),
        ]
    )


def _method_notes(configs: Sequence[RunConfig]) -> dict[str, None]:
    """Return what sets methods apart, their batches above all."""
    return dict.fromkeys(config.traits.note for config in configs if config.traits.note)


def settings(configs: Sequence[RunConfig]) -> str:
    """Return every setting that is shown, and whose it is where that may surprise."""
    return "\n".join([_filled(", ".join(_settings(configs))), *without_driver(configs[0])])


def estimate(
    configs: Sequence[RunConfig],
    source: ImageSource,
    workspace: Workspace,
    *,
    initial_weights: InitialWeights = RANDOM,
    devices: Devices | None = None,
) -> str:
    """Return a sentence on the time that the missing runs take, from a few timed steps here.

    Args:
        configs: all runs, recorded ones too.
        source: the data set.
        workspace: where records and checkpoints are.
        initial_weights: what the backbone starts from.
        devices: that the steps run on, as those of the training will; None for one.
    """
    epochs = missing_epochs(configs, workspace)
    if not epochs:
        return "  nothing is left to train"
    config = next(config for config in configs if not config.is_pretrained)
    labels, places = build.first_labels(config, source), devices or Devices()
    model = build.build_model(
        config, source.train.num_classes, initial_weights=initial_weights, devices=places
    )
    seconds = _seconds_per_step(build.build_step(config, model, places), labels, config.image_size)
    where = f" on {places.count} devices" if places.count > 1 else ""
    steps = epochs * build.training_order(config, source, 1).steps
    hours, minutes = divmod(round(seconds * steps / 60), 60)
    return (
        f"  {epochs} epochs to train, {steps} steps of {seconds:.3f} s (timed over {_TIMED_STEPS} "
        f"steps{where}): about {hours} h {minutes:02d} min, and the evaluations"
    )


def missing_epochs(configs: Sequence[RunConfig], workspace: Workspace) -> int:
    """Return epochs to train, those that two methods share counted once."""
    missing = [c for c in configs if not c.is_pretrained and workspace.record(c) is None]
    shared, ends = {}, 0
    for config in missing:
        end = _epochs_done(workspace.checkpoint(config))
        ends += config.total_epochs - max(end, config.epochs)
        shared[config.shared_name] = config.epochs - min(
            config.epochs, max(end, _epochs_done(workspace.shared_checkpoint(config)))
        )
    return sum(shared.values()) + ends


def _epochs_done(path: Path) -> int:
    return read_progress(path)["epoch"] if path.exists() else 0


def _seconds_per_step(step: TrainStep, labels: NDArray[Any], side: int) -> float:
    own = labels[step.devices.share.of(len(labels))]
    batch = step.devices.place(np.zeros((len(own), side, side, 3), np.uint8), own)
    step(*batch)
    step.totals()
    start = time.perf_counter()
    for _ in range(_TIMED_STEPS):
        step(*batch)
    step.totals()
    return (time.perf_counter() - start) / _TIMED_STEPS


def _settings(configs: Sequence[RunConfig]) -> list[str]:
    """Return the hyper-parameters, those in which the runs differ with all their values."""
    defaults = {field.name: field.default for field in dataclasses.fields(Hyperparameters)}
    lines = []
    for name, default in defaults.items():
        values = dict.fromkeys(str(config.to_json()[name]) for config in configs)
        if name in _SHOWN or list(values) != [str(default)]:
            lines.append(f"{name} {' or '.join(values)}")
    return lines


def without_driver(config: RunConfig) -> list[str]:
    """Return whose settings the profile "official" has where the released code has none."""
    if config.profile == "official" and config.dataset not in WITH_RELEASED_DRIVER:
        return [
            _filled(
                f"The released code has no driver for {config.dataset}: profile official carries "
                "over what it does on Cars196."
            )
        ]
    return []


def _filled(text: str) -> str:
    return textwrap.fill(
        text, width=width(), initial_indent="  ", subsequent_indent="  ", break_on_hyphens=False
    )


def _count(split: Split) -> str:
    return f"{len(split)} images of {split.num_classes} classes"


def _classes(source: ImageSource) -> str:
    """Return the first and last class of each side, where a class on the wrong side shows."""
    sides = f"training classes {ends(source.train)}; test classes {ends(source.test)}"
    return f"{sides}; {source.note}" if source.note else sides


def ends(split: Split) -> str:
    """Return the first and the last class of a split."""
    first, last = (printable(split.class_names[index]) for index in (0, -1))
    return f"{first} … {last}"


def remarks(source: ImageSource) -> list[str]:
    """Return lines on what of the data is left out, stands on both sides, or was turned."""
    return [*_left_out(source), *_copies(source), *_turned(source)]


def _copies(source: ImageSource) -> list[str]:
    copies = source.copies()
    if not copies:
        return []
    which = "1 test image is" if len(copies) == 1 else f"{len(copies):,} test images are"
    return [
        _filled(
            f"WARNING: {which} among the training images, too, byte for byte, such as "
            f"{printable(copies[0])}"
        )
    ]


def _turned(source: ImageSource) -> list[str]:
    turned = source.turned()
    if not turned:
        return []
    which = "1 image" if turned == 1 else f"{turned:,} images"
    return [f"  turned upright as an EXIF tag says: {which}"]


def printable(name: str) -> str:
    """Return `name` with question marks for bytes that are no UTF-8."""
    return name.encode("utf-8", "replace").decode("utf-8")


def print_left_out(source: ImageSource) -> None:
    """Print a line for each reason why something of the data is not used."""
    for line in _left_out(source):
        print(line, flush=True)


def _left_out(source: ImageSource) -> list[str]:
    lines = [_filled(printable(f"left out, {item}")) for item in source.left_out]
    if source.skipped:
        lines.append(f"  skipped, not decodable: {len(source.skipped)} images, named in the record")
    if source.excluded_singletons:
        lines.append(f"  excluded, of one image: {len(source.excluded_singletons)} test classes")
    if source.excluded_seen:
        lines.append(f"  excluded, trained on: {len(source.excluded_seen)} test classes")
    return lines
