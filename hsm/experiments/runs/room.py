"""Whether the output folder will take what the runs write: asked before anything is trained."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from hsm.atomic import partial_path
from hsm.data.sources.source import ImageSource
from hsm.experiments.config import RunConfig
from hsm.experiments.runs import diagnostics
from hsm.experiments.runs.workspace import Workspace
from hsm.output_folder import check_writable
from hsm.records.parts import LONGEST_NAME

# By backbone and side of the images: how many weights it has, and numbers in its feature.
BackboneSizes = Mapping[tuple[str, int], tuple[int, int]]

_BYTES = 4  # Checkpoints hold float32.
_COPIES = {"sgd": 2, "adam": 3}  # Of every weight: itself, and the optimiser's means of it.
_TABLES_AND_PICTURES = 16 * 2**20
# Of most file systems; some that encrypt take 143.
_LONGEST = 255


def check(
    workspace: Workspace,
    plans: Iterable[tuple[ImageSource, Sequence[RunConfig]]],
    backbones: BackboneSizes,
) -> None:
    """Refuse an output folder that the runs could be trained for, but not written to.

    Args:
        workspace: the folder; need not exist.
        plans: the runs on every data set.
        backbones: of all the runs.

    Raises:
        OSError: if it cannot be written to, or has not enough room for the checkpoints that are
            missing.
        ValueError: if the name of a file would be too long for its file system.
    """
    plans = list(plans)
    for folder in (workspace.output_dir, workspace.records_dir, *workspace.state_dirs):
        check_writable(folder)
    place = _existing(workspace.output_dir)
    for _, configs in plans:
        for config in configs:
            _check_name(config, place)
    sizes: dict[Path, int] = {}
    for source, configs in plans:
        sizes |= _missing(workspace, configs, backbones, source.train.num_classes)
    if sizes:
        _check_room(workspace.output_dir, place, sizes)


def _check_name(config: RunConfig, place: Path) -> None:
    longest = max(diagnostics.KINDS, key=len)
    added = len(partial_path(diagnostics.path(Path("_"), longest)).name) - 1
    most = os.pathconf(place, "PC_NAME_MAX") if hasattr(os, "pathconf") else _LONGEST
    allowed, received = min(most - added, LONGEST_NAME), len(config.name.encode())
    if received > allowed:
        raise ValueError(
            f"expected a name of at most {allowed} bytes for a run whose files go to {place}. "
            f"Received: {config.name}, of {received}. Give the folder of the data set "
            f"{config.dataset} a shorter name, or use an `output_dir` on another file system."
        )


def _missing(
    workspace: Workspace,
    configs: Sequence[RunConfig],
    backbones: BackboneSizes,
    num_classes: int,
) -> dict[Path, int]:
    """Return bytes of the checkpoints that are still to be written, by their paths."""
    sizes: dict[Path, int] = {}
    for config in configs:
        if config.is_pretrained or workspace.record(config) is not None:
            continue
        weights, features = backbones[config.backbone, config.image_size]
        weights += config.embedding_dim * (features + num_classes)
        size = _BYTES * _COPIES[config.optimizer] * weights
        paths = (workspace.shared_checkpoint(config), workspace.checkpoint(config))
        sizes |= {path: size for path in paths if not path.exists()}
    return sizes


def _check_room(folder: Path, place: Path, sizes: Mapping[Path, int]) -> None:
    # One is written beside the one that it replaces.
    needed = sum(sizes.values()) + max(sizes.values()) + _TABLES_AND_PICTURES
    free = shutil.disk_usage(place).free
    if free < needed:
        raise OSError(
            f"expected about {_size(needed)} of room for {len(sizes)} checkpoints, tables and "
            f"pictures. Received: {folder}, on whose disk {_size(free)} are free. Make room there, "
            "or name a folder on another disk with `output_dir`"
        )


def _existing(folder: Path) -> Path:
    return next(path for path in (folder, *folder.parents) if path.exists())


def _size(count: int) -> str:
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{count / 1e6:.0f} MB"
