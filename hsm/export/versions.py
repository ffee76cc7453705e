"""Version folders as TensorFlow Serving watches them: NAME/1, NAME/2, and so on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from hsm.folder_lock import scratch_folder
from hsm.output_folder import check_writable, make_output_folder


def next_version(base: Path, write: Callable[[Path], None]) -> Path:
    """Make what `write` makes the next version of `base`, and return its folder.

    A server that watches `base` sees the version when it is complete, as one rename; whatever
    version is there stays. Two processes at a time get two versions.

    Args:
        base: the folder of all versions, whose name is the model's; it is made.
        write: given the path of a folder, which it makes.

    Raises:
        FileExistsError: if `base` is no folder of versions.
        OSError: if it cannot be written.
    """
    if base.exists() and (not base.is_dir() or (base / "saved_model.pb").exists()):
        raise FileExistsError(
            f"expected a folder of versions. Received: {base}, which is "
            f"{'itself a model' if base.is_dir() else 'a file'}: name another folder"
        )
    make_output_folder(base)
    check_writable(base)
    # Versions are numbers; a server passes over every other name.
    with scratch_folder(base, ".version-") as scratch:
        written = scratch / "new"
        write(written)
        return _number(written, base)


def versions(base: Path) -> list[int]:
    """Return the numbers of the versions in `base`, ascending."""
    return sorted(int(path.name) for path in base.iterdir() if path.name.isdecimal())


def _number(written: Path, base: Path) -> Path:
    """Give `written` the next free number."""
    while True:
        target = base / str(max(versions(base), default=0) + 1)
        try:
            return written.rename(target)
        except OSError:
            if not target.exists():
                raise
            # Another process took the number meanwhile.
