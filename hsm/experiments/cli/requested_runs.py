"""What drivers do first: plan the runs that the flags ask for, and read the data."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hsm.data.catalog import ZERO_SHOT
from hsm.experiments.cli import (
    data_flags,
    device_flags,
    hyperparameter_flags,
    limit_flag,
    precision,
)
from hsm.experiments.cli import run_flags as shared
from hsm.experiments.cli.app import load_tensorflow
from hsm.experiments.cli.precision import check_model, check_precision
from hsm.experiments.config import RunConfig
from hsm.progress import report

if TYPE_CHECKING:
    from hsm.data.sources.source import ImageSource
    from hsm.experiments.config.initial_weights import InitialWeights
    from hsm.experiments.runs.room import BackboneSizes
    from hsm.experiments.runs.workspace import Workspace
    from hsm.training.devices import Devices

Configs = Callable[[str, str, str], list[RunConfig]]

# Modules whose flags the commands use that run what they ask for.
RUN_FLAGS = (data_flags, limit_flag, shared, hyperparameter_flags, precision)
# Of those that can do it on several devices.
DEVICE_FLAGS = (*RUN_FLAGS, device_flags)


@dataclass(frozen=True)
class RequestedRuns:
    """The runs on one data set.

    Attributes:
        source: the data.
        configs: the runs that the flags ask for.
        workspace: the output folder.
        initial_weights: what backbones start from.
        devices: where networks train.
    """

    source: ImageSource
    configs: Sequence[RunConfig]
    workspace: Workspace
    initial_weights: InitialWeights
    devices: Devices

    def figure_name(self, config: RunConfig) -> str:
        """Return NAME in a figure's file names: the data set, or the run if there are several."""
        return self.source.name if len(self.configs) == 1 else config.name


def plan_runs(
    configs_of: Configs = shared.configs,
    split: str = ZERO_SHOT,
    *,
    transform: Callable[[ImageSource], ImageSource] = lambda source: source,
    on_devices: bool = False,
) -> Iterator[RequestedRuns]:
    """Yield the runs of each data set of the flags; with --dry_run nothing but a printed plan.

    Args:
        configs_of: the runs that the flags ask for; called as `flags.configs`.
        split: how the data sets are divided.
        transform: what becomes of a data set before it is used.
        on_devices: heed the flags on devices; else there is one.

    Raises:
        ValueError, OSError: as the flags, the data and the weights give reason to.
    """
    datasets = data_flags.datasets()
    initial_weights = shared.initial_weights()
    shared.check(configs_of, split)
    # Imported here, so that --help and a bad flag need no TensorFlow.
    load_tensorflow()
    from hsm.experiments.runs import dry_run, plan, room
    from hsm.experiments.runs.fashionnet import with_landmarks
    from hsm.experiments.runs.workspace import Workspace
    from hsm.training.devices import Devices

    devices = device_flags.devices() if on_devices else Devices()

    sizes = check_backbones(
        [configs_of(name, name, split)[0] for name in datasets], initial_weights
    )
    workspace = Workspace(shared.output_dir())
    plans = []
    for dataset, source in _sources(datasets, split).items():
        used = transform(source)
        runs = configs_of(dataset, used.name, split)
        plans.append((used, [with_landmarks(config, used) for config in runs]))
    room.check(workspace, plans, sizes)
    if on_devices:
        _check_batches(plans, workspace, devices)
    describe = dry_run.describe if shared.FLAGS.dry_run or shared.FLAGS.verbose else plan.brief
    for used, configs in plans:
        report(describe(configs, used, workspace))
        if shared.FLAGS.dry_run:
            with device_flags.watched():
                print(
                    dry_run.estimate(
                        configs, used, workspace, initial_weights=initial_weights, devices=devices
                    )
                )
        else:
            yield RequestedRuns(used, configs, workspace, initial_weights, devices)


def _check_batches(
    plans: Sequence[tuple[ImageSource, Sequence[RunConfig]]], workspace: Workspace, devices: Devices
) -> None:
    """Report what is wrong with the batches of the last run before the first one trains.

    Raises:
        ValueError: as a method's sampler, and `hsm.experiments.runs.build.check_batches`.
    """
    from hsm.experiments.runs import build

    for source, configs in plans:
        for config in configs:
            if not config.is_pretrained and workspace.record(config) is None:
                build.check_batches(config, source, devices)


def check_backbones(configs: Sequence[RunConfig], initial_weights: InitialWeights) -> BackboneSizes:
    """Report a wrong backbone, or wrong weights, before the images are looked through.

    Raises:
        ValueError, OSError: as `hsm.experiments.runs.build.build_initial_backbone`.
    """
    from hsm.experiments.runs import build

    sizes = {}
    for key, config in {(c.backbone, c.image_size): c for c in configs}.items():
        check_precision(config.precision)  # Before weights are fetched.
        backbone = build.build_initial_backbone(config, initial_weights)
        check_model(backbone)
        sizes[key] = backbone.count_params(), backbone.output_shape[-1]
    return sizes


def _sources(datasets: Sequence[str], split: str) -> dict[str, ImageSource]:
    """Read all before the first is trained on: a wrong folder must not show up days later."""
    from hsm.data.sources import load_source

    _check_present(datasets)
    return {
        dataset: load_source(
            dataset, split=split, **data_flags.source_options(dataset, shared.limit())
        )
        for dataset in datasets
    }


def _check_present(datasets: Sequence[str]) -> None:
    """Name every data set of the paper that is missing, before any images are checked.

    Raises:
        FileNotFoundError: if some are missing, or some of their files.
        ValueError: if none is missing, but some have files that are broken.
    """
    from hsm.data.sources import benchmark

    errors: dict[str, Exception] = {}
    for name in (name for name in datasets if name in benchmark.NAMES):
        try:
            benchmark.find(name, data_flags.source_options(name, None)["data_dir"])
        except (FileNotFoundError, ValueError) as error:
            errors[name] = error
    if len(errors) == 1:
        raise next(iter(errors.values()))
    if errors:
        is_missing = any(isinstance(error, FileNotFoundError) for error in errors.values())
        kind = FileNotFoundError if is_missing else ValueError
        lines = "\n".join(f"{name}: {error}" for name, error in errors.items())
        raise kind(f"{len(errors)} data sets cannot be read.\n{lines}")
