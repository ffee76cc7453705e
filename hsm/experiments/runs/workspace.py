"""The output folder: where records, checkpoints and tables of an experiment lie."""

from __future__ import annotations

import json
import os
import shutil
import sys
import unicodedata
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO

from hsm import atomic
from hsm.experiments.config import RunConfig, run_record
from hsm.experiments.config.run_record import RunRecord
from hsm.models.backbone_specs import is_keras_file
from hsm.output_folder import check_writable, claim_output_folder, make_output_folder
from hsm.records.json_values import JsonObject


@dataclass(frozen=True, kw_only=True)
class _RunFile(JsonObject):
    """What model.json holds: what is needed, beside the checkpoint, to build the network again."""

    config: RunConfig
    class_names: tuple[str, ...]
    further: Mapping[str, Any] = field(default_factory=dict)


class Workspace:
    """Paths below one output folder.

    ```
    <output_dir>/records/<run>.json            the record of a finished run, and its small CSV files
    <output_dir>/runs/<run>/checkpoint.npz     state after the switch; at last the final weights
    <output_dir>/runs/<run>/model.json         what is needed to build the network again
    <output_dir>/runs/<run>/<file>.keras       the backbone, if it came from such a file
    <output_dir>/tensorboard/<run>/            what TensorBoard shows of it, if that was asked for
    <output_dir>/trunks/<name>/checkpoint.npz  state up to the switch, shared by LN and HLN, BN, HBN
    ```
    """

    def __init__(self, output_dir: str | Path) -> None:
        self.output_dir = Path(output_dir)

    @property
    def records_dir(self) -> Path:
        """Folder of the records."""
        return self.output_dir / "records"

    @property
    def state_dirs(self) -> tuple[Path, ...]:
        """Folders of the folders that checkpoints lie in."""
        return self.output_dir / "runs", self.output_dir / "trunks"

    def run_dir(self, config: RunConfig) -> Path:
        """Return folder of one run's state."""
        return self.output_dir / "runs" / config.name

    def tensorboard_dir(self, config: RunConfig) -> Path:
        """Return folder of what TensorBoard shows of a run."""
        return self.output_dir / "tensorboard" / config.name

    def checkpoint(self, config: RunConfig) -> Path:
        """Return state of a run after the switch."""
        return self.run_dir(config) / "checkpoint.npz"

    def shared_checkpoint(self, config: RunConfig) -> Path:
        """Return state up to the switch."""
        return self.output_dir / "trunks" / config.shared_name / "checkpoint.npz"

    def record(self, config: RunConfig) -> RunRecord | None:
        """Return the record of a finished run, or None."""
        path = self.records_dir / f"{config.name}.json"
        return run_record.read(path) if path.exists() else None

    def write_run_file(
        self, config: RunConfig, class_names: tuple[str, ...], *, file: Path | None = None
    ) -> None:
        """Write what is needed, beside the checkpoint, to build the network again.

        Args:
            file: what the backbone starts from; a `.keras` file, which the network is built of, is
                copied.
        """
        directory = self.run_dir(config)
        make_output_folder(directory)
        card = _RunFile(config=config, class_names=class_names).to_json()
        atomic.write_text(directory / "model.json", json.dumps(card, indent=1) + "\n")
        if file is not None and is_keras_file(config.backbone):
            with atomic.replacing(directory / config.backbone) as partial:
                shutil.copyfile(file, partial)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the folder for this process, lest two commands overwrite each other's state.

        Raises:
            BlockingIOError: if another process holds it.
            OSError: if it cannot be written to; of the disk in the block, too, with the remedy.
        """
        check_writable(self.output_dir)
        claim_output_folder(self.output_dir)
        with (self.output_dir / ".lock").open("w") as file:
            try:
                _lock(file)
            except (BlockingIOError, PermissionError) as error:
                raise BlockingIOError(
                    "expected an output folder that no other process works in. Received: "
                    f"{os.fspath(self.output_dir)}. Wait for it, or use another `output_dir`."
                ) from error
            with _kept(self.output_dir):
                yield


@contextmanager
def _kept(folder: Path) -> Iterator[None]:
    """Add to an error of the disk what remains of the work."""
    try:
        yield
    except OSError as error:
        if not atomic.is_of_the_disk(error):
            raise
        raise atomic.reworded(
            error,
            f"{error}. What was finished is kept in {folder}: the same command goes on from the "
            "last checkpoint",
        ) from error


def _lock(file: TextIO) -> None:
    """Lock an open file until it is closed.

    Raises:
        BlockingIOError, on Windows PermissionError: if another process holds it.
    """
    if sys.platform == "win32":
        import msvcrt

        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
    else:
        import fcntl

        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def read_run_file(run_dir: Path) -> tuple[RunConfig, tuple[str, ...]]:
    """Return the configuration and the training classes of the run in `run_dir`.

    Raises:
        ValueError: if the folder is not that of a run.
    """
    path = run_dir / "model.json"
    if not path.exists():
        raise ValueError(
            f"{run_dir}: expected the folder of a trained run, <output_dir>/runs/<name>, as table1 "
            "writes it. Received: one without model.json"
        )
    try:
        card = _RunFile.from_json(json.loads(path.read_bytes()))
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path}: expected what a run wrote. Received: {error}") from error
    # As folders are read today; those of a Mac used to come with their accents apart.
    names = (unicodedata.normalize("NFC", name) for name in card.class_names)
    return card.config, tuple(names)
