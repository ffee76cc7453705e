"""Write a trained run as a SavedModel that turns pictures into unit-length embeddings.

Its signatures: serving_default takes uint8 RGB images [n, height, width, 3] of any size, from_bytes
takes encoded JPEG, PNG, GIF, BMP or WebP files [n] and turns them upright as their EXIF tags say.
from_floats takes float32 images of 0 to 255; from_bytes_lenient says of each file whether it was
read, where from_bytes refuses the batch.
Resizing and cropping are part of the graph; neither hsm nor Keras is needed where it is loaded.
Beside it lies model_card.md: what it was made of, its scores with their record, and its limits.
--format writes the network alone, from pixels to vectors, for LiteRT, ONNX Runtime or OpenVINO.
"""

from __future__ import annotations

from pathlib import Path

from absl import flags

from hsm.experiments.cli import data_flags, model_flag, overwrite_flag
from hsm.experiments.cli.app import load_tensorflow, run
from hsm.experiments.cli.command import command

FLAGS = flags.FLAGS
SAVED_MODEL, CALIBRATED = "saved_model", "tflite_int8"
# Those of hsm.export.FORMATS, which is not read before TensorFlow is.
FORMATS = (SAVED_MODEL, "tflite_float16", CALIBRATED, "onnx", "openvino")

flags.DEFINE_string("saved_model", "saved_model", "Folder to write.")
flags.DEFINE_enum(
    "format",
    SAVED_MODEL,
    FORMATS,
    "What is written. All but saved_model need the extra formats, and hold the network alone: from "
    f"pixels that were resized and cropped to vectors. {CALIBRATED} takes its ranges from training "
    "images: name their folder with --data_dir if they lie in one.",
)
flags.DEFINE_integer(
    "calibration_images",
    256,
    f"Training images, evenly spaced, from which {CALIBRATED} takes its ranges.",
    lower_bound=1,
)
flags.DEFINE_bool(
    "versioned",
    False,
    "Write the next version below --saved_model, as TensorFlow Serving watches them: 1, then 2. "
    "What is there stays.",
)
flags.DEFINE_bool(
    "warm_up_requests",
    False,
    "With --versioned: add a request for every signature, which TensorFlow Serving answers itself "
    "when it loads the model, so that no client waits for the first. Needs the extra tf-serving.",
)


@command(
    uses=[overwrite_flag, model_flag, data_flags],
    # The data set is the run's own.
    defaults={"dataset": None},
)
def main() -> None:
    """Run the driver on the flags."""
    if FLAGS.model is None:
        raise ValueError(
            f"expected --model to name the folder of a trained run. Received: none. {_choices()}."
        )
    target = Path(FLAGS.saved_model).expanduser()
    _check_target(target)
    # Imported here, so that --help and a bad flag need no TensorFlow.
    load_tensorflow()
    from hsm.experiments.runs.workspace import read_run_file

    run_dir = Path(FLAGS.model).expanduser()
    config, _ = read_run_file(run_dir)
    if FLAGS.versioned:
        target = _next_version(run_dir, target)
    elif FLAGS.format != SAVED_MODEL:
        _export_as(FLAGS.format, run_dir, target)
    else:
        _export(run_dir, target)
    print(
        f"{config.name} is in {target}: {config.embedding_dim} numbers an image, of unit length. "
        "Written, loaded again and compared."
    )


def _check_target(target: Path) -> None:
    """Refuse what contradicts itself or would destroy something.

    Raises:
        ValueError, FileExistsError: if so.
    """
    if FLAGS.versioned and FLAGS.overwrite:
        raise ValueError(
            "expected no --overwrite with --versioned, which never replaces a version. Received: "
            "both. Leave out --overwrite."
        )
    if FLAGS.versioned and FLAGS.format != SAVED_MODEL:
        raise ValueError(
            "expected a SavedModel with --versioned, as TensorFlow Serving reads it. Received: "
            f"--format={FLAGS.format}. Leave out --format."
        )
    if FLAGS.warm_up_requests and not FLAGS.versioned:
        raise ValueError(
            "expected --warm_up_requests with --versioned. Received: --noversioned. Add "
            "--versioned."
        )
    if target.exists() and not (FLAGS.overwrite or FLAGS.versioned):
        raise FileExistsError(
            f"expected a new folder. Received: {target}, which exists already. Add --overwrite, or "
            "name another folder."
        )


def _export(run_dir: Path, target: Path) -> None:
    from hsm.experiments.runs.exporting import export_run

    export_run(run_dir, target, overwrite=FLAGS.overwrite, max_pixels=FLAGS.max_pixels)


def _export_as(format: str, run_dir: Path, target: Path) -> None:
    """Export the network alone, with ranges from training images where the format needs them."""
    from hsm.experiments.runs.exporting import calibration_images, export_run_as
    from hsm.experiments.runs.workspace import read_run_file
    from hsm.export.formats import check_format

    needs_images = check_format(format, has_calibration=True).calibrated
    images = None
    if needs_images:
        config, class_names = read_run_file(run_dir)
        split = model_flag.trained_source(config, class_names).train
        images = calibration_images(split, crop=config.image_size, count=FLAGS.calibration_images)
    export_run_as(format, run_dir, target, calibration=images, overwrite=FLAGS.overwrite)


def _next_version(run_dir: Path, base: Path) -> Path:
    """Export below `base`, and return the version's folder."""
    from hsm.export.versions import next_version
    from hsm.export.warm_up import add_warm_up, prediction_log

    if FLAGS.warm_up_requests:
        prediction_log()

    def write(folder: Path) -> None:
        _export(run_dir, folder)
        if FLAGS.warm_up_requests:
            add_warm_up(folder, base.resolve().name)

    return next_version(base, write)


def _choices() -> str:
    """Return what there is to choose from in the default output folder."""
    folders = sorted(path.parent for path in Path("results").glob("**/runs/*/checkpoint.npz"))
    if not folders:
        return "Train one first: python -m hsm.experiments.table1"
    return "There are:\n  " + "\n  ".join(str(path) for path in folders)


if __name__ == "__main__":
    run(main, module="hsm.experiments.export", doc=__doc__ or "")
