"""Write a trained run as a SavedModel that turns pictures into unit-length embeddings.

Its signatures: serving_default takes uint8 RGB images [n, height, width, 3] of any size, from_bytes
takes encoded JPEG, PNG, GIF, BMP or WebP files [n] and turns them upright as their EXIF tags say.
from_floats takes float32 images of 0 to 255; from_bytes_lenient says of each file whether it was
read, where from_bytes refuses the batch.
Resizing and cropping are part of the graph; neither hsm nor Keras is needed where it is loaded.
"""

from __future__ import annotations

from pathlib import Path

from absl import flags

from hsm.experiments.cli import model_flag, overwrite_flag
from hsm.experiments.cli.app import load_tensorflow, run
from hsm.experiments.cli.command import command

FLAGS = flags.FLAGS

flags.DEFINE_string("saved_model", "saved_model", "Folder to write.")


@command(uses=[overwrite_flag, model_flag, "max_pixels"])
def main() -> None:
    """Run the driver on the flags."""
    if FLAGS.model is None:
        raise ValueError(f"--model must name the folder of a trained run. {_found()}")
    target = Path(FLAGS.saved_model)
    if target.exists() and not FLAGS.overwrite:
        raise FileExistsError(f"{target} exists already: add --overwrite, or name another folder")
    # Imported here, so that --help and a bad flag need no TensorFlow.
    load_tensorflow()
    from hsm.experiments.runs.build import load_model
    from hsm.export import export_saved_model

    model, config = load_model(Path(FLAGS.model))
    export_saved_model(
        model,
        target,
        overwrite=FLAGS.overwrite,
        method=config.method,
        max_pixels=FLAGS.max_pixels,
    )
    print(
        f"{config.name} is in {target}: {config.embedding_dim} numbers an image, of unit length. "
        "Written, loaded again and compared."
    )


def _found() -> str:
    """What there is to choose from in the default output folder."""
    found = sorted(path.parent for path in Path("results").glob("**/runs/*/checkpoint.npz"))
    if not found:
        return "Train one first: python -m hsm.experiments.table1"
    return "There are:\n  " + "\n  ".join(str(path) for path in found)


if __name__ == "__main__":
    run(main, module="hsm.experiments.export", doc=__doc__ or "")
