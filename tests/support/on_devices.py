"""Trains small networks on logical devices of the processor, in a process that begins with them.

    python on_devices.py COUNT FILE

writes to FILE (.npz) the weights after the steps of the cases below on so many devices. A process
can have one strategy for them: another one would join its groups of devices.
"""

from __future__ import annotations

import sys
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from hsm import losses
from hsm.layers import ExampleDropout
from hsm.models import EmbeddingModel
from hsm.models.head import Head
from hsm.training.devices import Devices
from hsm.training.objective import OutputObjective, SoftmaxObjective
from hsm.training.step import TrainStep

SIDE, CLASSES, DIMENSIONS = 4, 4, 3
# Seven images on two and three devices, and two, of which one of three devices has none.
SIZES = (7, 2)
EMBEDDING, PROXIES = Head(normalization="l2", classifier="none"), Head(classifier="proxies")
CASES = {
    "softmax": ("SM", SoftmaxObjective(0.1), {}),
    "learned statistics": ("BN", SoftmaxObjective(), {"synchronized": True}),
    "dropout": ("SM", SoftmaxObjective(), {"dropout": 0.5}),
    "proxies": (PROXIES, OutputObjective(losses.ProxyNCA(reduction=None), compares=False), {}),
    "mean of proxies": (PROXIES, OutputObjective(losses.ProxyNCA()), {}),
    "triplet": (EMBEDDING, OutputObjective(losses.TripletSemiHard()), {}),
    "lifted": (EMBEDDING, OutputObjective(losses.LiftedStructure()), {}),
    "clustering": (EMBEDDING, OutputObjective(losses.FacilityLocation()), {}),
    "spectral": (EMBEDDING, OutputObjective(losses.DeepSpectralClustering()), {}),
    "ratio": (EMBEDDING, OutputObjective(losses.TripletRatio()), {}),
    "float16": ("SM", SoftmaxObjective(), {"scale": 2.0**10}),
}


def main(count: int, path: Path) -> None:
    """Write the results of all cases."""
    cpu = tf.config.list_physical_devices("CPU")[0]
    logical = [tf.config.LogicalDeviceConfiguration()] * count
    tf.config.set_logical_device_configuration(cpu, logical)
    names = [f"CPU:{number}" for number in range(count)]
    devices = Devices(tf.distribute.MirroredStrategy(names) if count > 1 else None)
    found = {
        f"{name}/{key}": value
        for name, case in CASES.items()
        for key, value in trained(devices, *case).items()
    }
    np.savez(path, **found)


def make_model(head, *, synchronized=False, dropout=0.0) -> EmbeddingModel:
    """A network with or without statistics of the batch."""
    inputs = keras.Input((SIDE, SIDE, 3))
    x = keras.layers.Rescaling(1 / 255)(inputs)
    x = keras.layers.Conv2D(4, 3, kernel_initializer=keras.initializers.GlorotUniform(1))(x)
    if synchronized:
        x = keras.layers.BatchNormalization(synchronized=True)(x)
    x = keras.layers.GlobalAveragePooling2D()(x)
    if dropout:
        x = ExampleDropout(dropout, seed=3)(x)
    backbone = keras.Model(inputs, x)
    model = EmbeddingModel(
        backbone, head, num_classes=CLASSES, embedding_dim=DIMENSIONS, seed=0
    )
    if synchronized:
        model.normalization.batch_norm.synchronized = True
    return model


def trained(devices, head, objective, options) -> dict[str, np.ndarray]:
    """The weights after a step on a batch of each size, and the sums."""
    options = dict(options)
    scale = options.pop("scale", None)
    with devices.scope():
        model = make_model(head, **options)
        optimizer = keras.optimizers.SGD(1.0, momentum=0.5)
        if scale:
            optimizer = keras.optimizers.LossScaleOptimizer(optimizer, initial_scale=scale)
    step = TrainStep(model, optimizer, objective=objective, devices=devices)
    found = {}
    for number, size in enumerate(SIZES):
        generator = np.random.default_rng(number)
        images = generator.integers(0, 256, (size, SIDE, SIDE, 3), dtype=np.uint8)
        labels = (np.arange(size) % min(CLASSES, size) // 2).astype(np.int32)
        try:
            step(*devices.place(images, labels))
        except (ValueError, tf.errors.InvalidArgumentError):
            break  # A loss that refuses so few images.
        for place, variable in enumerate(model.variables):
            found[f"{size}/{place}"] = np.asarray(variable)
        totals = step.totals()
        found[f"{size}/sums"] = np.array([totals.loss, totals.terms])
        found[f"{size}/counts"] = np.array([totals.correct, totals.examples, totals.steps])
    return found


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]))
