"""The flag that names modules of the user's, which register methods, data sets and backbones."""

from __future__ import annotations

import importlib
import importlib.util
from pathlib import Path

from absl import flags

FLAGS = flags.FLAGS

flags.DEFINE_list(
    "import",
    [],
    "Modules of your own, by dotted name, that register methods, data sets or backbones: imported "
    "from the environment or from the folder in which the command is started, never from a folder "
    "of data. Default: none.",
)


def import_modules() -> None:
    """Import what --import names.

    Raises:
        ValueError: if a module cannot be found, or lies in a folder of data.
    """
    for name in FLAGS["import"].value or ():
        _check(name)
        importlib.import_module(name)


def _check(name: str) -> None:
    try:
        spec = importlib.util.find_spec(name)
    except (ImportError, ValueError):
        spec = None
    if spec is None:
        raise ValueError(
            f"expected --import to name a module, as in `import {name or 'my_method'}`, that lies "
            f"in this folder or is installed. Received: --import={name}, which is not found in "
            f"{Path.cwd()}"
        )
    for root in _data_folders():
        if spec.origin and Path(spec.origin).resolve().is_relative_to(root):
            raise ValueError(
                f"expected --import to name a module outside of data. Received: --import={name}, "
                f"which lies in {root}. Move it out of there."
            )


def _data_folders() -> list[Path]:
    names = [flag for flag in FLAGS if flag == "data_dir" or flag.endswith("_dir")]
    values = [FLAGS[flag].value for flag in names if flag not in ("output_dir", "saved_model")]
    return [Path(value).expanduser().resolve() for value in values if value]
