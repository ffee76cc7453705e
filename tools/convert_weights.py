"""Converts the Caffe weights of GoogLeNet to a Keras file, once.

    python tools/convert_weights.py --input bvlc_googlenet.caffemodel --output googlenet.weights.h5

The output holds the classifier too; a model without it leaves it out. Before it gets its name it
is read back, and every weight must be the same.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import keras


def convert(source: Path, target: Path, *, overwrite: bool = False) -> str:
    """Writes the weights of `source` to `target`.

    Args:
        source: The `.caffemodel` file of GoogLeNet.
        target: The `.weights.h5` file to write; its folder is made where it is missing.
        overwrite: Whether a file that is there already may be replaced.

    Returns:
        A sentence that says what was written.

    Raises:
        FileExistsError: If `target` is there and `overwrite` is false.
        FileNotFoundError: If there is no `source`.
        ValueError: If `source` does not fit, or `target` has another extension.
        OSError: If `target` cannot be written, or is not read back as it was written.
    """
    _check(source, target, overwrite)
    # Here, because TensorFlow takes seconds to import and `--help` needs none of it.
    from hsm.models.googlenet import GoogLeNet
    from hsm.output_folder import make_output_folder

    model = GoogLeNet(include_top=True, weights=source)
    make_output_folder(target.parent)
    with tempfile.TemporaryDirectory(dir=target.parent) as directory:
        written = Path(directory) / target.name
        model.save_weights(written)
        _check_copy(model, GoogLeNet(include_top=True, weights=written))
        os.replace(written, target)
    layers = sum(bool(layer.weights) for layer in model.layers)
    return f"{target}: {model.count_params():,} weights in {layers} layers, read back identical."


def _check(source: Path, target: Path, overwrite: bool) -> None:
    """Refuses names and files before anything is read."""
    if source.suffix != ".caffemodel":
        raise ValueError(f"--input must be a .caffemodel file. Received: --input={source}")
    if not target.name.endswith(".weights.h5"):
        raise ValueError(f"--output must end in .weights.h5. Received: --output={target}")
    if target.exists() and not overwrite:
        raise FileExistsError(f"{target} exists already; give another name or --overwrite.")


def _check_copy(model: keras.Model, copy: keras.Model) -> None:
    """Compares two models of the same layers, weight by weight."""
    weights = zip(model.weights, model.get_weights(), copy.get_weights(), strict=True)
    for variable, written, read in weights:
        if written.tobytes() != read.tobytes():
            raise OSError(f"{variable.path} was not read back as written. Is the disk sound?")


def _parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--input", type=Path, required=True, help=".caffemodel file of GoogLeNet to read"
    )
    parser.add_argument("--output", type=Path, required=True, help=".weights.h5 file to write")
    parser.add_argument(
        "--overwrite", action="store_true", help="replace the output where it is there already"
    )
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command; returns its exit status, 1 after a sentence about what was wrong."""
    flags = _parser().parse_args(arguments)
    try:
        print(convert(flags.input, flags.output, overwrite=flags.overwrite))
    except (OSError, ValueError) as error:
        print(f"convert_weights: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
