"""Convert the Caffe weights of GoogLeNet to a Keras file, once.

    python -m hsm.experiments.convert_weights --input=bvlc.caffemodel --output=bvlc.weights.h5

The output holds the classifier too; a model without it leaves it out. Before it gets its name it
is read back, and every weight must be the same.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from absl import flags

from hsm.experiments.cli import overwrite_flag
from hsm.experiments.cli.app import load_tensorflow, run
from hsm.experiments.cli.command import command

if TYPE_CHECKING:
    import keras

FLAGS = flags.FLAGS

flags.DEFINE_string("input", None, "The .caffemodel file of GoogLeNet to read. Default: none.")
flags.DEFINE_string("output", None, "The .weights.h5 file to write. Default: none.")


@command(uses=[overwrite_flag])
def main() -> None:
    """Run the command on the flags."""
    source, target = _paths()
    # Not before: --help and a bad flag need no TensorFlow.
    load_tensorflow()
    from hsm.models.googlenet import GoogLeNet

    model = GoogLeNet(include_top=True, weights=source)
    _write(model, target)
    layers = sum(bool(layer.weights) for layer in model.layers)
    print(f"{target}: {model.count_params():,} weights in {layers} layers, read back identical.")


def _paths() -> tuple[Path, Path]:
    """Return what to read and what to write, held to their rules before anything is read."""
    if not (FLAGS.input or "").endswith(".caffemodel"):
        raise ValueError(
            f"expected --input to be a .caffemodel file. Received: --input={FLAGS.input}"
        )
    if not (FLAGS.output or "").endswith(".weights.h5"):
        raise ValueError(
            f"expected --output to end in .weights.h5. Received: --output={FLAGS.output}"
        )
    target = Path(FLAGS.output).expanduser()
    if target.exists() and not FLAGS.overwrite:
        raise FileExistsError(
            f"expected --output to be a new file. Received: --output={target}, which exists "
            "already. Give another name, or --overwrite."
        )
    return Path(FLAGS.input).expanduser(), target


def _write(model: keras.Model, target: Path) -> None:
    """Write the weights, which get their name once they are on the disk and read back the same.

    Raises:
        OSError: if they cannot be written, or are not read back as they were written.
    """
    from hsm.atomic import about, replacing
    from hsm.folder_lock import scratch_folder
    from hsm.models.googlenet import GoogLeNet
    from hsm.output_folder import make_output_folder

    make_output_folder(target.parent)
    # Keras wants the suffix of the file itself.
    with scratch_folder(target.parent, f".{target.name}-") as folder:
        written = folder / target.name
        with about(target, RuntimeError):  # h5py's, where closing fails.
            model.save_weights(written)
        _check_copy(model, GoogLeNet(include_top=True, weights=written))
        with replacing(target) as partial:
            written.replace(partial)


def _check_copy(model: keras.Model, copy: keras.Model) -> None:
    """Compare two models of the same layers, weight by weight."""
    weights = zip(model.weights, model.get_weights(), copy.get_weights(), strict=True)
    for variable, written, read in weights:
        if written.tobytes() != read.tobytes():
            raise OSError(f"{variable.path} was not read back as written. Is the disk sound?")


if __name__ == "__main__":
    run(main, module="hsm.experiments.convert_weights", doc=__doc__ or "")
