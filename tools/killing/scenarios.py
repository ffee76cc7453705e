"""Small commands that are killed, each with the folder that it starts from."""

from __future__ import annotations

import functools
import importlib
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

import numpy as np
from PIL import Image

_TRAINING = (
    "--dataset=digits",
    "--methods=BN,HBN",
    "--smoke",
    "--limit=64",
    "--epochs=2",
    "--heated_epochs=2",
    "--batch_size=8",
    "--embedding_dim=8",
)
NAMES = ("training", "checkpoint", "record", "page", "evaluation", "export", "data preparation")
_CLASSES, _IMAGES = 4, 10


@dataclass(frozen=True)
class Scenario:
    """A command that writes into a folder.

    Attributes:
        name: what is killed, in words.
        begin: lays into a new folder what is there before the command starts.
        command: runs it, given the folder.
        writes: text in the paths of the writes that all signals come at; None has some of them
            come at any write, the others at any time.
    """

    name: str
    begin: Callable[[Path], None]
    command: Callable[[Path], None]
    writes: str | None = None


def scenarios(given: Path) -> dict[str, Scenario]:
    """Return all scenarios by name.

    Args:
        given: folder with what they start from: `trained`, which `train` wrote, and what
            `make_photographs` wrote into `photographs`.
    """
    trained, photographs = given / "trained", given / "photographs"
    made = [
        Scenario("training", Path.mkdir, train),
        Scenario("checkpoint", Path.mkdir, train, writes="checkpoint.npz"),
        Scenario("record", functools.partial(_lay, trained, records=False), train),
        Scenario("page", functools.partial(_lay, trained, records=True), train),
        Scenario("evaluation", Path.mkdir, functools.partial(_evaluate, trained)),
        Scenario("export", Path.mkdir, functools.partial(_export, trained)),
        Scenario("data preparation", Path.mkdir, functools.partial(_prepare, photographs)),
    ]
    return {scenario.name: scenario for scenario in made}


def make_photographs(folder: Path) -> None:
    """Write a small data set in the form of Stanford Online Products."""
    root = folder / "Stanford_Online_Products"
    (root / "chair_final").mkdir(parents=True)
    drawn = np.random.default_rng(0)
    lines: dict[str, list[str]] = {"train": [], "test": []}
    for number in range(_CLASSES * _IMAGES):
        label = number // _IMAGES + 1
        path = f"chair_final/{label}_{number}.JPG"
        pixels = drawn.integers(0, 256, (48, 64, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(root / path, format="JPEG")
        part = "train" if label <= _CLASSES // 2 else "test"
        lines[part].append(f"{number + 1} {label} 1 {path}")
    for part, rows in lines.items():
        text = "\n".join(["image_id class_id super_class_id path", *rows]) + "\n"
        (root / f"Ebay_{part}.txt").write_text(text)


def train(folder: Path) -> None:
    """Train two methods with one state up to the switch; write records, tables and the page."""
    _start("table1", *_TRAINING, f"--output_dir={folder}")


def _evaluate(trained: Path, folder: Path) -> None:
    views = ("--show_queries=2", "--confusion=2", "--map=pca")
    _start("evaluate", f"--model={_run(trained)}", f"--output_dir={folder / 'scores'}", *views)


def _export(trained: Path, folder: Path) -> None:
    # A signal may come when the folder has its name already.
    target = (f"--saved_model={folder / 'saved_model'}", "--overwrite")
    _start("export", f"--model={_run(trained)}", *target)


def _prepare(photographs: Path, folder: Path) -> None:
    """Copy the photographs in shards of a few; their number is not the one of the real ones."""
    from hsm.data.sources import prepare, splitting

    small = functools.partial(prepare.write_copy, shard_size=4)
    flags = ("--dataset=products", f"--data_dir={photographs}", f"--output_dir={folder / 'copy'}")
    with (
        mock.patch.object(prepare, "write_copy", small),
        mock.patch.object(splitting, "check_counts"),
    ):
        _start("prepare", *flags)


def _start(driver: str, *flags: str) -> None:
    from hsm.experiments.cli import app

    name = f"hsm.experiments.{driver}"
    module = importlib.import_module(name)
    sys.argv = [driver, *flags]
    app.run(module.main, module=name, doc=module.__doc__ or "")


def _run(trained: Path) -> Path:
    return next(trained.glob("smoke/runs/digits-HBN-*"))


def _lay(trained: Path, folder: Path, *, records: bool) -> None:
    """Copy what was trained, without tables and page, with its records or without."""
    shutil.copytree(trained, folder)
    top = folder / "smoke"
    for path in top.iterdir():
        if path.is_file() and not path.name.startswith("."):
            path.unlink()
    if not records:
        shutil.rmtree(top / "records")
