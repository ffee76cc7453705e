"""Case train_head: a small network, beside which its classifier, or several devices, cost much."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from benchmarks.settings import Round, Settings
from hsm.experiments.config import RunConfig

if TYPE_CHECKING:
    from hsm.training.devices import Devices

_SIDE = 28
_DIMENSIONS = 64


def train_head(settings: Settings) -> Round:
    """Return steps of ConvNet and BN's softmax over `settings.classes`, on `settings.devices`."""
    devices = _devices(settings.devices)

    from hsm.experiments.runs import build

    config = RunConfig(
        dataset="benchmark",
        method="BN",
        backbone="convnet",
        image_size=_SIDE,
        batch_size=settings.batch_size,
        embedding_dim=_DIMENSIONS,
    )
    model = build.build_model(config, settings.classes, devices=devices)
    step = build.build_step(config, model, devices)
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (settings.batch_size, _SIDE, _SIDE, 3), np.uint8)
    labels = rng.integers(settings.classes, size=settings.batch_size).astype(np.int32)

    def train() -> float:
        for batch in devices.distribute([(pixels, labels)] * settings.steps):
            step(*batch)
        step.totals()
        return settings.steps * settings.batch_size

    return train


def _devices(count: int) -> Devices:
    """One device, or as many logical ones of the processor, which share its cores."""
    import tensorflow as tf

    from hsm.training.devices import Devices

    if count == 1:
        return Devices()
    logical = [tf.config.LogicalDeviceConfiguration()] * count
    tf.config.set_logical_device_configuration(tf.config.list_physical_devices("CPU")[0], logical)
    return Devices(tf.distribute.MirroredStrategy([f"CPU:{index}" for index in range(count)]))
