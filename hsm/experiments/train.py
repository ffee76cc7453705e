"""Train an embedding on your own photographs, one folder a class, and export it.

    python -m hsm.experiments.train photos/

checks the folder, estimates the time, trains, and leaves in --output_dir a SavedModel that turns
pictures into vectors, and a sheet of pictures with their nearest neighbours. All classes train;
with --validation_classes some are held out, and the scores are of these. A command that was cut
off goes on where it was when it is started again.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from absl import flags

from hsm.data.catalog import ALL
from hsm.experiments.cli import (
    data_flags,
    device_flags,
    hyperparameter_flags,
    limit_flag,
    overwrite_flag,
)
from hsm.experiments.cli import precision as precision_flag
from hsm.experiments.cli import run_flags as shared
from hsm.experiments.cli.app import load_tensorflow, run
from hsm.experiments.cli.command import command
from hsm.experiments.cli.flag_spelling import with_flags
from hsm.experiments.cli.requested_runs import check_backbones
from hsm.experiments.config import METHODS, RunConfig
from hsm.experiments.config.recipes import RECIPES
from hsm.models.backbone_specs import BACKBONES, is_keras_file
from hsm.progress import report

if TYPE_CHECKING:
    from hsm.data.sources.source import ImageSource
    from hsm.experiments.config.initial_weights import InitialWeights
    from hsm.experiments.config.run_record import RunRecord
    from hsm.experiments.runs.workspace import Workspace
    from hsm.models import EmbeddingModel
    from hsm.training.devices import Devices

FLAGS = flags.FLAGS
_SMALL = {"backbone": "strided_convnet", "image_size": 28}
_QUERIES, _NEIGHBOURS = 12, 8
_CHOSEN = "The epoch was chosen on the very classes that are scored: others score a little lower."

flags.DEFINE_string("method", "HBN", f"What is trained: one of {', '.join(METHODS.trained)}.")
flags.DEFINE_float(
    "validation_classes",
    0.0,
    "Hold so many classes out of training, evenly spaced over the sorted names, and score these: a "
    "number, or below 1 a share. 0 trains on all.",
    lower_bound=0.0,
)
flags.DEFINE_integer(
    "early_stopping",
    None,
    "End the epochs before the switch when R@1 on the held-out classes has not become better for "
    "so many scorings, one every --eval_every epochs, and go on from the best. Default: train all.",
    lower_bound=1,
)
flags.DEFINE_integer("seed", 0, "Decides initial weights, order, crops and flips.", lower_bound=0)


@command(
    uses=[
        *(data_flags, limit_flag, hyperparameter_flags, precision_flag, overwrite_flag),
        device_flags,
        *("weights", "output_dir", "smoke", "dry_run", "verbose"),
    ],
    defaults={"dataset": ["image_folder"]},
    texts={
        "dry_run": "Check the folder, say what would be trained and estimate the time; stop.",
        "output_dir": "Folder of the SavedModel, the sheet of neighbours, records and checkpoints.",
        "overwrite": "Replace the SavedModel that is there already.",
        "smoke": "Try everything out: a few images, a small network, one epoch before and one "
        "after the switch, unless other flags say otherwise; without a folder, letters. Results "
        "go to the folder smoke in --output_dir.",
    },
    argument="data_dir",
)
def main() -> None:
    """Run the driver on the flags."""
    dataset = _dataset()
    initial_weights = shared.initial_weights()
    shared.check(lambda *_: _config(dataset, dataset), ALL)
    _check_saved_model()
    # Imported here, so that --help and a bad flag need no TensorFlow.
    load_tensorflow()
    from hsm.experiments.runs import room
    from hsm.experiments.runs.workspace import Workspace

    devices = device_flags.devices()
    sizes = check_backbones([_config(dataset, dataset)], initial_weights)
    source = _source(dataset)
    config = _config(dataset, source.name)
    workspace = Workspace(shared.output_dir())
    room.check(workspace, [(source, [config])], sizes)
    with device_flags.watched():
        _say_plan(config, source, workspace, initial_weights, devices)
    if FLAGS.dry_run:
        return
    with device_flags.working(devices, workspace):
        record = _trained(config, source, workspace, initial_weights, devices)
        if devices.is_chief:
            _leave(record, source, workspace)


def _dataset() -> str:
    """Return the data set: image_folder, unless --dataset names another, or --smoke has no folder.

    Raises:
        ValueError: if flags contradict each other, or no folder is named.
    """
    chosen = data_flags.datasets()
    if len(chosen) > 1:
        raise ValueError(
            f"expected --dataset to be one data set. Received: --dataset={','.join(chosen)}"
        )
    if FLAGS.early_stopping and not FLAGS.validation_classes:
        raise ValueError(
            "expected --early_stopping with classes that do not train, which it looks at. "
            "Received: no --validation_classes. Add --validation_classes=N, or leave it out."
        )
    if FLAGS.early_stopping and FLAGS.strategy == "multi_worker":
        raise ValueError(
            f"expected --early_stopping with one process. Received: --strategy={FLAGS.strategy}. "
            "Leave it out, or use another --strategy."
        )
    if chosen != ["image_folder"] or FLAGS.data_dir:
        return chosen[0]
    if FLAGS.smoke:
        return "letters"
    raise ValueError(
        "expected the folder of your photographs, with one folder a class in it. Received: none. "
        "Name it: python -m hsm.experiments.train photos/. To see what comes out without one: "
        "--smoke."
    )


def _config(dataset: str, name: str) -> RunConfig:
    """Return the run that the flags ask for.

    Args:
        dataset: selects the recipe.
        name: what the data set is called in the record.

    Raises:
        ValueError: if a flag's value breaks a rule, naming the flag.
    """
    if FLAGS.method not in METHODS.trained:
        raise ValueError(
            f"expected --method to be one of {', '.join(METHODS.trained)}. Received: "
            f"--method={FLAGS.method}"
        )
    is_small = FLAGS.backbone is None and FLAGS.weights is None
    smoke = {**shared.SMOKE, **(_SMALL if is_small else {})}
    return RunConfig(
        dataset=name,
        split=ALL,
        method=FLAGS.method,
        seed=FLAGS.seed,
        validation_classes=FLAGS.validation_classes,
        **shared.settings_for(dataset, RECIPES[FLAGS.profile], smoke, method=FLAGS.method),
    )


def _saved_model() -> Path:
    return shared.output_dir() / "saved_model"


def _check_saved_model() -> None:
    """Refuse, before hours of training, to write where something is.

    Raises:
        FileExistsError: if so.
    """
    target = _saved_model()
    if FLAGS.dry_run or not target.exists():
        return
    if not (target / "saved_model.pb").is_file():
        raise FileExistsError(
            f"expected a SavedModel or nothing in its place. Received: {target}. Remove it, or use "
            "another --output_dir."
        )
    if not (FLAGS.overwrite or FLAGS.smoke):
        raise FileExistsError(
            f"expected no SavedModel. Received: {target}, which exists already. Add --overwrite, "
            "or use another --output_dir."
        )


def _source(dataset: str) -> ImageSource:
    from hsm.data.sources import load_source

    return load_source(
        dataset,
        split=ALL,
        validation_classes=FLAGS.validation_classes,
        **data_flags.source_options(dataset, shared.limit()),
    )


def _say_plan(
    config: RunConfig,
    source: ImageSource,
    workspace: Workspace,
    initial_weights: InitialWeights,
    devices: Devices,
) -> None:
    from hsm.experiments.runs import dry_run, folder_report, plan

    report(with_flags(folder_report.describe(source), set(FLAGS)))
    is_full = FLAGS.dry_run or FLAGS.verbose
    report(dry_run.settings([config]) if is_full else plan.training([config], workspace))
    if FLAGS.dry_run or not FLAGS.smoke:  # Which takes seconds, and so does the estimate.
        most = "at most " if FLAGS.early_stopping else ""
        estimate = dry_run.estimate(
            [config], source, workspace, initial_weights=initial_weights, devices=devices
        )
        report(most + estimate.strip())
    if _is_random(config):
        report(
            f"NOTE: {config.backbone} starts from random weights, and from some hundreds or "
            "thousands of photographs it learns little in hours. Give it pretrained ones with "
            "--weights=FILE (of googlenet Caffe's bvlc_googlenet.caffemodel), or take another "
            "network: --backbone=keras:ResNet50 --weights=imagenet"
        )


def _is_random(config: RunConfig) -> bool:
    """Return whether a network that has pretrained weights goes without."""
    spec = BACKBONES.get(config.backbone)
    can_be_pretrained = spec is None or spec.weights is not None
    return can_be_pretrained and not config.weights and not is_keras_file(config.backbone)


def _trained(
    config: RunConfig,
    source: ImageSource,
    workspace: Workspace,
    initial_weights: InitialWeights,
    devices: Devices,
) -> RunRecord:
    from hsm.experiments.runs import early_stopping
    from hsm.experiments.runs.runner import Runner

    runner = Runner(source, workspace, initial_weights, verbose=FLAGS.verbose, devices=devices)
    if FLAGS.early_stopping is None:
        return runner.run(config)
    return early_stopping.run(runner, config, patience=FLAGS.early_stopping)


def _leave(record: RunRecord, source: ImageSource, workspace: Workspace) -> None:
    """Export, draw and say what came out."""
    from hsm.experiments.reporting import train_report
    from hsm.experiments.runs.build import load_model
    from hsm.experiments.runs.exporting import export_run

    run_dir = workspace.run_dir(record.config)
    is_chosen = FLAGS.early_stopping is not None
    target = export_run(
        run_dir,
        _saved_model(),
        overwrite=FLAGS.overwrite or FLAGS.smoke,
        max_pixels=FLAGS.max_pixels,
        score_notes=[_CHOSEN] if is_chosen else [],
    )
    sheet = _sheet(*load_model(run_dir), source)
    scores = train_report.scores(record, source, is_chosen=is_chosen)
    report(f"\n{with_flags(scores, set(FLAGS))}\n")
    report(f"Neighbours: {sheet}\nModel: {target}\n\n{train_report.usage(target, source)}")


def _sheet(model: EmbeddingModel, config: RunConfig, source: ImageSource) -> str:
    """Return the path of the sheet of neighbours, or why there is none."""
    from hsm.experiments.studies.retrieval import retrieve
    from hsm.experiments.studies.retrieval_figures import write_neighbours
    from hsm.visual.style import look, missing_matplotlib

    missing = missing_matplotlib("The sheet of neighbours")
    if missing:
        return missing
    retrieval = retrieve(model, config, source)
    most = min(_NEIGHBOURS, len(retrieval.searched) - 1)
    with look():
        paths = write_neighbours(
            retrieval, shared.output_dir(), queries=_QUERIES, k=most, worst_first=False
        )
    return str(paths[0])


if __name__ == "__main__":
    run(main, module="hsm.experiments.train", doc=__doc__ or "")
