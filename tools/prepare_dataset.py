"""The former name of `python -m hsm.experiments.prepare`, kept for a version.

python tools/prepare_dataset.py cars196 --data_dir=cars --output_dir=small/cars196
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from hsm.experiments import prepare
from hsm.experiments.cli.app import run


def translated(arguments: Sequence[str]) -> list[str]:
    """Return the flags of the command that the former arguments mean."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("name", help="the data set")
    for flag in ("data_dir", "output_dir", "encoding"):
        parser.add_argument(f"--{flag}", help="as the command's")
    values = vars(parser.parse_args(arguments))
    flags = {"dataset": values.pop("name"), **values}
    return [f"--{name}={value}" for name, value in flags.items() if value is not None]


if __name__ == "__main__":
    sys.argv[1:] = translated(sys.argv[1:])
    run(prepare.main, module=prepare.__name__, doc=prepare.__doc__ or "")
