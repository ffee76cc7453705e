"""Trains the small network with --deterministic, several times, in a process of its own.

    python deterministic_runs.py FOLDER

reads pictures, in threads, and leaves below FOLDER the output folders once, twice, resumed,
two_once and two_twice: of one device, of a run that was cut off after its first epoch, and of two.
"""

from __future__ import annotations

import sys
from pathlib import Path

from support.image_factory import photograph

from hsm.data.sources import load_source
from hsm.experiments.config import RunConfig
from hsm.experiments.runs import device_choice, environment
from hsm.experiments.runs.runner import Runner
from hsm.experiments.runs.workspace import Workspace
from hsm.training.devices import Devices

_CLASSES, _IMAGES = 4, 6


class _CutOff(Exception):
    pass


def main(folder: Path) -> None:
    """Train all of them."""
    environment.set_threads(2)
    environment.set_deterministic()
    two = device_choice.choose("mirrored", 2)
    for name in ("once", "twice", "resumed"):
        run(folder, name, Devices())
    for name in ("two_once", "two_twice"):
        run(folder, name, two)


def run(folder: Path, name: str, devices: Devices) -> None:
    """Train HBN into the output folder `name`."""

    def scored(config: RunConfig) -> None:
        if name == "resumed" and not cut:
            cut.append(config)
            raise _CutOff

    cut: list[RunConfig] = []
    source = load_source("image_folder", data_dir=pictures(folder / "pictures"))
    config = RunConfig(
        dataset=source.name,
        method="HBN",
        backbone="convnet",
        image_size=28,
        embedding_dim=8,
        batch_size=6,
        epochs=1,
        heated_epochs=1,
        eval_every=1,
        synchronized_batch_norm=True,
    )
    workspace = Workspace(folder / name)
    runner = Runner(source, workspace, report=str, devices=devices, scored=scored)
    try:
        runner.run(config)
    except _CutOff:
        runner.run(config)


def pictures(folder: Path) -> Path:
    """A folder of photographs, one folder a class."""
    for place in range(_CLASSES * _IMAGES):
        path = folder / f"class{place // _IMAGES}" / f"{place}.png"
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            photograph(36, 40, seed=place).save(path)
    return folder


if __name__ == "__main__":
    main(Path(sys.argv[1]))
