"""The output folder: where records, checkpoints and tables of an experiment lie."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from hsm import records
from hsm.experiments.backbone_names import is_keras_file
from hsm.experiments.config import RunConfig


class Workspace:
    """Paths below one output folder.

    ```
    <output_dir>/records/<run>.json            the record of a finished run, and its small CSV files
    <output_dir>/runs/<run>/checkpoint.npz     state after the switch; at last the final weights
    <output_dir>/runs/<run>/model.json         what is needed to build the network again
    <output_dir>/runs/<run>/<file>.keras       the backbone, if it came from such a file
    <output_dir>/tensorboard/<run>/            what TensorBoard shows of it, if that was asked for
    <output_dir>/trunks/<trunk>/checkpoint.npz state up to the switch, shared by LN and HLN, BN, HBN
    ```
    """

    def __init__(self, output_dir: str | Path) -> None:
        self.output_dir = Path(output_dir)

    @property
    def records_dir(self) -> Path:
        """Folder of the records."""
        return self.output_dir / "records"

    def run_dir(self, config: RunConfig) -> Path:
        """Folder of one run's state."""
        return self.output_dir / "runs" / config.name

    def tensorboard_dir(self, config: RunConfig) -> Path:
        """Folder of what TensorBoard shows of a run."""
        return self.output_dir / "tensorboard" / config.name

    def checkpoint(self, config: RunConfig) -> Path:
        """State of a run after the switch."""
        return self.run_dir(config) / "checkpoint.npz"

    def trunk_checkpoint(self, config: RunConfig) -> Path:
        """State up to the switch."""
        return self.output_dir / "trunks" / config.trunk_name / "checkpoint.npz"

    def record(self, config: RunConfig) -> dict[str, Any] | None:
        """The record of a finished run, or None."""
        path = self.records_dir / f"{config.name}.json"
        return records.read(path) if path.exists() else None

    def write_model_card(
        self, config: RunConfig, class_names: tuple[str, ...], *, file: Path | None = None
    ) -> None:
        """Write what is needed, beside the checkpoint, to build the network again.

        Args:
            file: what the backbone starts from; a `.keras` file, which the network is built of, is
                copied.
        """
        directory = self.run_dir(config)
        directory.mkdir(parents=True, exist_ok=True)
        card = {"config": config.to_json(), "class_names": list(class_names)}
        (directory / "model.json").write_text(json.dumps(card, indent=1) + "\n")
        if file is not None and is_keras_file(config.backbone):
            partial = directory / f"{config.backbone}.partial"
            shutil.copyfile(file, partial)
            partial.replace(directory / config.backbone)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the folder for this process, lest two commands overwrite each other's state.

        Raises:
            BlockingIOError: if another process holds it.
        """
        self.output_dir.mkdir(parents=True, exist_ok=True)
        with (self.output_dir / ".lock").open("w") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise BlockingIOError(
                    f"another process is working in {os.fspath(self.output_dir)}: wait for it, or "
                    "use another --output_dir"
                ) from error
            yield


def read_model_card(run_dir: Path) -> tuple[RunConfig, tuple[str, ...]]:
    """Configuration and training classes of the run in `run_dir`.

    Raises:
        ValueError: if the folder is not that of a run.
    """
    path = run_dir / "model.json"
    if not path.exists():
        raise ValueError(
            f"{run_dir} is not the folder of a trained run: it has no model.json. Expected a "
            "folder <output_dir>/runs/<name> as table1 writes it."
        )
    try:
        card = json.loads(path.read_text())
    except ValueError as error:
        raise ValueError(f"{path} is damaged: {error}") from error
    return RunConfig.from_json(card["config"]), tuple(card["class_names"])
