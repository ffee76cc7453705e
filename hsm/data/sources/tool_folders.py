"""Know the folders that operating systems and tools leave among photographs."""

from __future__ import annotations

import os
from pathlib import Path

# In lower case.
_NAMES = frozenset(
    (
        # Previews, waste and snapshots of operating systems and network storage.
        "__macosx",
        "@eadir",
        "@tmp",
        "@recycle",
        "@__thumb",
        "#recycle",
        "#snapshot",
        "$recycle.bin",
        "system volume information",
        "lost+found",
        "thumbs",
        "_thumbs",
        "thumbnails",
        # What programs keep.
        "__pycache__",
        "node_modules",
        "site-packages",
        "wandb",
        "mlruns",
        "lightning_logs",
    )
)
_SUFFIXES = (".lrdata", ".photoslibrary", ".egg-info", ".dist-info")
# What is in such a folder whatever its name: a SavedModel, an environment, TensorBoard's files.
_CONTENTS = frozenset(
    ("saved_model.pb", "saved_model.pbtxt", "pyvenv.cfg", "conda-meta", "projector_config.pbtxt")
)
_EVENTS = "events.out.tfevents."


def is_called_as_a_tools(folder: Path) -> bool:
    """Return whether a folder is hidden, or has the name of one that a tool makes."""
    name = folder.name.lower()
    return name.startswith(".") or name in _NAMES or name.endswith(_SUFFIXES)


def holds_a_tools_files(folder: Path) -> bool:
    """Return whether a folder holds what only a tool's folder holds, whatever it is called.

    Raises:
        OSError: if it cannot be listed.
    """
    return any(name in _CONTENTS or name.startswith(_EVENTS) for name in os.listdir(folder))
