"""What runs leave behind, and what starts them: checkpoints, records, model cards, flag files."""

from __future__ import annotations

import contextlib
import functools
import io
import json
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
from absl.testing import flagsaver
from support import record_factory, tiny_model

from fuzzing.archives import craft_zip, edit_array
from fuzzing.damage import HOSTILE, changed_json
from fuzzing.form import Format, digest, expect
from hsm import records
from hsm.experiments import table1
from hsm.experiments.cli import app, run_flags
from hsm.experiments.config import RunConfig, run_record
from hsm.experiments.reporting.curves import learning_curves
from hsm.experiments.reporting.table_writers import LAYOUTS, render_csv, render_text
from hsm.experiments.runs.workspace import Workspace, read_run_file
from hsm.training.loop import Trainer


@functools.cache
def _trainer() -> Trainer:
    return tiny_model.make_trainer()


def _build_checkpoint(folder: Path) -> None:
    _trainer().train(1, folder / "checkpoint.npz")


def _read_checkpoint(folder: Path) -> str:
    trainer = _trainer()
    trainer.restore(folder / "checkpoint.npz")
    # What the next command does before it trains on.
    trainer.continue_with({"threads": 2})
    trainer._begin(trainer.epoch + 1)
    weights = tiny_model.weights_of(trainer)
    for array in weights:
        expect(array.dtype.kind != "f" or bool(np.isfinite(array).all()), "weights not finite")
    return digest(trainer.epoch, trainer.epochs, trainer.evaluations, *weights)


def _craft_checkpoint(folder: Path, chance: Random) -> None:
    craft_zip(folder / "checkpoint.npz", chance, _edit_checkpoint)


def _edit_checkpoint(name: str, content: bytes, chance: Random) -> bytes:
    if not name.startswith("progress"):
        return edit_array(name, content, chance)
    progress = json.loads(np.load(io.BytesIO(content)).tobytes())
    if chance.randrange(3) == 0:
        totals = {"examples": 8, "steps": 1, chance.choice(("loss", "x")): 1.0}
        progress["interrupted"] = {"step": 1, "seconds": 1.0, "totals": totals}
    text = changed_json(json.dumps(progress), chance).encode(errors="surrogatepass")
    buffer = io.BytesIO()
    np.save(buffer, np.frombuffer(text, np.uint8))
    return buffer.getvalue()


def _craft_json(pattern: str, folder: Path, chance: Random) -> None:
    (path,) = folder.glob(pattern)
    path.write_text(changed_json(path.read_text(), chance))


def _build_record(folder: Path) -> None:
    records.write(record_factory.make_record("HBN"), folder)


def _read_record(folder: Path) -> str:
    (record,) = run_record.read_all(folder)
    for row in (record.final, *record.evaluations):
        expect(all(0 <= value <= 1.001 for value in row.recall.values()), "a recall above 1")
    expect(all(np.isfinite(row.loss) for row in record.epochs), "a loss that is not finite")
    tables = [functools.partial(render_text, table=table) for table in LAYOUTS]
    uses: list[Callable[..., object]] = [*tables, render_csv, learning_curves]
    for make in uses:
        # Of a record alone some tables cannot be made, which is said in a sentence.
        with contextlib.suppress(ValueError):
            make([record])
    return digest(record.to_json())


def _build_card(folder: Path) -> None:
    config = RunConfig(dataset="digits", method="HBN", backbone="convnet")
    Workspace(folder).write_run_file(config, ("a", "b", "ü"))


def _read_card(folder: Path) -> str:
    (card,) = folder.glob("runs/*/model.json")
    config, names = read_run_file(card.parent)
    expect(all(isinstance(name, str) for name in names), "class names that are no text")
    return digest(config, names)


def _build_flags(folder: Path) -> None:
    lines = (
        *("# A comment.", "--dataset=digits", "--methods=SM,HBN", "--seeds=0,1", "--epochs=2"),
        *("--learning_rate=0.01", "--backbone=convnet", "--image_size=28", "--nosmoke"),
    )
    (folder / "run.cfg").write_text("\n".join(lines) + "\n", encoding="utf-8")


def _read_flags(folder: Path) -> str:
    stderr = io.StringIO()
    with flagsaver.flagsaver(), contextlib.redirect_stderr(stderr):
        arguments = ["table1", f"--flagfile={folder / 'run.cfg'}"]
        try:
            _parse_flags(arguments)
            configs: list[Any] = run_flags.configs("digits", "digits")
        except SystemExit as end:
            if end.code:
                # The flag is named, and not the file: it may as well be on the command line.
                raise ValueError(f"{folder}: {stderr.getvalue()}") from None
            return ""
        except ValueError as error:
            raise ValueError(f"{folder}: {error}") from error
    return digest(configs)


def _parse_flags(arguments: list[str]) -> None:
    """Parse as commands do, which guard nothing yet: any exception is a traceback."""
    try:
        app._parse(arguments, table1.main, "hsm.experiments.table1", "")
    except Exception as error:
        raise RuntimeError(f"{type(error).__name__}: {error}") from error


def _craft_flags(folder: Path, chance: Random) -> None:
    path = folder / "run.cfg"
    lines = path.read_text(encoding="utf-8").splitlines()
    number = chance.randrange(1, len(lines))
    flag = lines[number].partition("=")[0]
    value = chance.choice((*HOSTILE, "nan", "1e999", "-1", "é", ",", f"--flagfile={path}"))
    lines[number] = f"{flag}={value}" if chance.randrange(4) else str(value)
    path.write_text("\n".join(lines), encoding="utf-8", errors="surrogatepass")


FORMATS = (
    Format(
        "checkpoint",
        _build_checkpoint,
        _read_checkpoint,
        craft=_craft_checkpoint,
        sealed="*.npz",
    ),
    Format("record", _build_record, _read_record, craft=functools.partial(_craft_json, "*.json")),
    Format(
        "model card",
        _build_card,
        _read_card,
        files="runs/*/model.json",
        craft=functools.partial(_craft_json, "runs/*/model.json"),
    ),
    Format("flag file", _build_flags, _read_flags, craft=_craft_flags),
)
