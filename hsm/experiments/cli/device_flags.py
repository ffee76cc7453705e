"""The flags that say on which devices a command trains and embeds."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING

from absl import flags

if TYPE_CHECKING:
    from hsm.experiments.runs.workspace import Workspace
    from hsm.training.devices import Devices

FLAGS = flags.FLAGS

flags.DEFINE_enum(
    "strategy",
    "auto",
    ["auto", "one_device", "mirrored", "multi_worker"],
    "Devices to train and embed on. auto: all GPUs that are seen if there are several, else one "
    "device; mirrored: all GPUs, or --logical_devices; multi_worker: those of all processes that "
    "TF_CONFIG or Slurm names, each of which is started with the same flags. --batch_size is that "
    "of all devices together.",
)
flags.DEFINE_integer(
    "logical_devices",
    0,
    "Have the processor pass for so many devices, to try several of them without GPUs; it is no "
    "faster. 0 leaves it one.",
    lower_bound=0,
    upper_bound=64,
)


def devices() -> Devices:
    """Return the devices that the flags ask for; TensorFlow is loaded and has not computed yet.

    Raises:
        ValueError: if there are no such devices.
    """
    from hsm.experiments.runs import device_choice

    devices = device_choice.choose(FLAGS.strategy, FLAGS.logical_devices)
    if not devices.is_chief:  # One of several workers says what all of them do.
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115 - until the process ends
    return devices


def watched() -> AbstractContextManager[None]:
    """Return the block in which the devices compute.

    Raises:
        LostWorkerError: in the block, if another worker is gone.
    """
    from hsm.experiments.runs import device_choice

    return device_choice.watched(FLAGS.strategy)


@contextmanager
def working(chosen: Devices, workspace: Workspace) -> Iterator[None]:
    """Hold the output folder while the devices work; of several workers the chief does.

    Raises:
        LostWorkerError: if another worker is gone.
        OSError: as the folder gives reason to.
    """
    with watched():
        if not chosen.is_chief:
            yield
            return
        with workspace.locked():
            yield
