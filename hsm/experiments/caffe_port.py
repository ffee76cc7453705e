"""What a port of GoogLeNet from Caffe to TensorFlow must get right: measured on its feature.

The pretrained feature, not fine-tuned, is scored by Recall@1 on the test classes of a folder of
photographs: computed as Caffe does, and with one convention after the other changed to what
TensorFlow ports often have: padding, rounding of poolings, preprocessing of pixels, local response
normalisation, and random weights. The cosine says how far an image's feature has moved. A port that
is fine-tuned afterwards loses less than these numbers.

Without --weights the weights are random: a try-out. port_NAME.png, .pdf and .csv go to
--output_dir.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from absl import flags

from hsm.experiments.cli import data_flags, limit_flag
from hsm.experiments.cli import run_flags as shared
from hsm.experiments.cli.app import load_tensorflow, run
from hsm.experiments.cli.command import command
from hsm.output_folder import claim_output_folder

if TYPE_CHECKING:
    import keras

    from hsm.experiments.studies.port_study import Measurement

FLAGS = flags.FLAGS
_PHOTOGRAPH_SIZE, _SMALL_SIZE = 224, 64
_SMALL_SETS = ("digits", "letters", "omniglot", "mnist")
_BACKBONE = "googlenet"
_SHARED = (
    *("weights", "backbone", "image_size", "test_batch_size", "precision"),
    *("output_dir", "smoke", "dry_run"),
)


@command(uses=[data_flags, limit_flag, *_SHARED])
def main() -> None:
    """Run the driver on the flags."""
    datasets = data_flags.datasets()
    if len(datasets) > 1 or FLAGS.backbone not in (None, _BACKBONE):
        raise ValueError(
            "expected one data set and the backbone googlenet. Received: "
            f"--dataset={','.join(datasets)}, --backbone={FLAGS.backbone or _BACKBONE}"
        )
    data_flags.check_output(shared.output_dir())
    initial_weights = shared.initial_weights()
    load_tensorflow()
    from hsm.data.sources import load_source
    from hsm.experiments.runs.dry_run import print_left_out
    from hsm.experiments.studies.port_study import Measurement

    side = FLAGS.image_size or (_SMALL_SIZE if datasets[0] in _SMALL_SETS else _PHOTOGRAPH_SIZE)
    if side < _SMALL_SIZE:
        raise ValueError(
            f"expected --image_size to be at least {_SMALL_SIZE}, below which poolings that round "
            f"down leave nothing. Received: --image_size={side}"
        )
    _build(side, initial_weights.source)  # What is wrong with the weights is said first.
    options = data_flags.source_options(datasets[0], shared.limit())
    source = load_source(datasets[0], **options)
    count = f"{len(source.test)} images of {source.test.num_classes} test classes"
    print(f"{source.name}: {count}, {side} pixels, weights {FLAGS.weights or 'random'}", flush=True)
    print_left_out(source)
    if FLAGS.dry_run:
        return
    measurement = Measurement(source.test, side, FLAGS.test_batch_size or 100)
    _write(measurement, source.name, weights=initial_weights.source)


def _build(side: int, weights: str | None) -> keras.Model:
    import keras

    from hsm.models import GoogLeNet

    keras.utils.set_random_seed(0)
    return GoogLeNet((side, side, 3), weights=weights, dtype=FLAGS.precision or "float32")


def _write(measurement: Measurement, name: str, *, weights: str | None) -> None:
    from hsm.experiments.studies.port_study import measure
    from hsm.visual.port_rows import write_port_figure, write_port_numbers
    from hsm.visual.style import missing_matplotlib

    def build(is_random: bool) -> keras.Model:
        return _build(measurement.image_size, None if is_random else weights)

    rows = []
    for row in measure(build, measurement, with_random=weights is not None):
        gain = f"{100 * row.gain.difference:+.2f} [{100 * row.gain.low:+.2f}, "
        gain += f"{100 * row.gain.high:+.2f}]"
        cosine = "" if row.cosine is None else f"  cosine {row.cosine:.4f}"
        print(f"  {row.name:<26} R@1 {100 * row.recall[1]:5.2f}  {gain}{cosine}", flush=True)
        rows.append(row)
    print("In brackets: 95 % paired bootstrap intervals over queries.")
    folder = shared.output_dir()
    claim_output_folder(folder)
    stem = folder / f"port_{name}"
    print(f"Numbers: {write_port_numbers(rows, stem.with_name(f'{stem.name}.csv'))}")
    missing = missing_matplotlib("The panel")
    images = len(measurement.split)
    title = f"{name}: {images:,} test images, " + ("pretrained" if weights else "random weights")
    paths = [] if missing else write_port_figure(rows, stem, title=title)
    print(missing or f"Panel: {', '.join(map(str, paths))}")


if __name__ == "__main__":
    run(main, module="hsm.experiments.caffe_port", doc=__doc__ or "")
