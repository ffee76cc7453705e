"""Find the model in what a user names: a file, a SavedModel, or a folder of a run."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

# What an export says of its vectors, and what makes a folder one.
CARD = "hsm_embedding.json"
_SAVED_MODEL = "saved_model.pb"
# What training calls its export, and what a run's folder holds.
_EXPORT = "saved_model"
_RUNS, _RUN_CARD, _CHECKPOINT = "runs", "model.json", "checkpoint.npz"


@dataclass(frozen=True)
class Found:
    """A model.

    Attributes:
        path: a SavedModel's folder or a `.keras` file.
        checkpoint: of the run whose weights it must have; None if any will do.
        remedy: what to do where it has others.
    """

    path: Path
    checkpoint: Path | None = None
    remedy: str = ""


def find_model(directory: str | os.PathLike[str]) -> Found:
    """Return the model that a path names.

    Args:
        directory: a `.keras` file; a SavedModel, or the folder of its numbered versions, of which
            the highest counts; a folder with one in its folder saved_model, as `train` leaves it;
            or the folder of a run, <output_dir>/runs/<name>, with an export in its saved_model or
            in that of <output_dir>.

    Raises:
        FileNotFoundError: if nothing is there.
        ValueError: if it holds no model that can be served, with what to do.
    """
    path = Path(directory).expanduser()
    if not path.exists():
        raise FileNotFoundError(
            "expected a SavedModel's folder, a .keras file or a run's folder. Received: "
            f"{path}, which does not exist"
        )
    if path.suffix == ".keras" and path.is_file():
        return Found(path)
    export = _export_in(path) or _export_in(path / _EXPORT)
    if not (path / _RUN_CARD).is_file():
        if export is None:
            raise ValueError(
                "expected a SavedModel's folder, a .keras file or a run's folder. Received: "
                f"{path}, which is none. Export a trained run {_how('RUN', 'FOLDER')}"
            )
        return Found(export)
    return _of_run(path, export)


def _of_run(run: Path, own: Path | None) -> Found:
    above = run.resolve().parent
    export = own or (_export_in(above.parent / _EXPORT) if above.name == _RUNS else None)
    remedy = f"Export it {_how(str(run), str(run / _EXPORT))}"
    if export is None:
        raise ValueError(
            f"expected the run {run} to be exported, to {run / _EXPORT} or to saved_model in its "
            f"output folder. Received: neither. {remedy}"
        )
    checkpoint = run / _CHECKPOINT
    return Found(export, checkpoint if checkpoint.is_file() else None, remedy)


def _export_in(folder: Path) -> Path | None:
    """Return the SavedModel that `folder` is, or the highest version in it."""
    if (folder / _SAVED_MODEL).is_file():
        return folder
    versions = [p for p in folder.glob("*/") if p.name.isdigit() and (p / _SAVED_MODEL).is_file()]
    return max(versions, key=lambda version: int(version.name), default=None)


def _how(run: str, target: str) -> str:
    return f"with hsm.experiments.export: `model={run}` `saved_model={target}`"
