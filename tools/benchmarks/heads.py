"""Case train_head: a small network, beside which its classifier, or several devices, cost much."""

from __future__ import annotations

import numpy as np

from benchmarks.settings import Round, Settings
from hsm.experiments.config import RunConfig

_SIDE = 28
_DIMENSIONS = 64


def train_head(settings: Settings) -> Round:
    """Return steps of ConvNet and BN's softmax over `settings.classes`, on `settings.devices`."""
    from hsm.experiments.runs import build, device_choice

    count = settings.devices
    devices = device_choice.choose("auto", count if count > 1 else 0)
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
