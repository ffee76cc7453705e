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
# Labels of two batches: of the second, one of three devices has no image.
BATCHES = ([0, 1, 0, 1, 2, 0, 2], [1, 1])
EMBEDDING, PROXIES = Head(normalization="l2", classifier="none"), Head(classifier="proxies")
CASES = {
    "softmax": ("SM", SoftmaxObjective(0.1), {}),
    # Statistics of all devices need an image on each.
    "statistics": (
        "BN",
        SoftmaxObjective(),
        {"synchronized": True, "batches": (BATCHES[0], [0, 1, 1, 2])},
    ),
    "dropout": ("SM", SoftmaxObjective(), {"dropout": 0.5}),
    "proxies": (PROXIES, OutputObjective(losses.ProxyNCA(reduction=None), compares=False), {}),
    "mean of proxies": (PROXIES, OutputObjective(losses.ProxyNCA()), {}),
    "triplet": (EMBEDDING, OutputObjective(losses.TripletSemiHard()), {}),
    "lifted": (EMBEDDING, OutputObjective(losses.LiftedStructure()), {}),
    "clustering": (EMBEDDING, OutputObjective(losses.FacilityLocation()), {}),
    "spectral": (
        EMBEDDING,
        OutputObjective(losses.DeepSpectralClustering()),
        {"batches": BATCHES[:1]},
    ),
    "ratio": (
        EMBEDDING,
        OutputObjective(losses.TripletRatio()),
        {"batches": ([0, 1, 0, 1, 1, 0],)},
    ),
    "hard-aware": (EMBEDDING, OutputObjective(losses.HardAwareContrastive()), {}),
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
    model = EmbeddingModel(backbone, head, num_classes=CLASSES, embedding_dim=DIMENSIONS, seed=0)
    if synchronized:
        model.normalization.batch_norm.synchronized = True
    return model


def trained(devices, head, objective, options) -> dict[str, np.ndarray]:
    """The weights after a step on each batch, and the sums."""
    settings = {"batches": BATCHES, "scale": None, **options}
    scale, batches = settings.pop("scale"), settings.pop("batches")
    with devices.scope():
        model = make_model(head, **settings)
        optimizer = keras.optimizers.SGD(1.0, momentum=0.5)
        if scale:
            optimizer = keras.optimizers.LossScaleOptimizer(optimizer, initial_scale=scale)
    step = TrainStep(model, optimizer, objective=objective, devices=devices)
    found = {}
    for number, labels in enumerate(batches):
        shape = (len(labels), SIDE, SIDE, 3)
        images = np.random.default_rng(number).integers(0, 256, shape, dtype=np.uint8)
        step(*devices.place(images, np.array(labels, np.int32)))
        for place, variable in enumerate(model.variables):
            found[f"{number}/{place}"] = np.asarray(variable)
        totals = step.totals()
        found[f"{number}/sums"] = np.array([totals.loss, totals.terms])
        found[f"{number}/counts"] = np.array([totals.correct, totals.examples, totals.steps])
    return found


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]))
