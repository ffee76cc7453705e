"""Trains small networks on logical devices of the processor, in a process that begins with them.

    python on_devices.py COUNT FILE
    python on_devices.py workers FILE

writes to FILE (.npz) the weights after the steps of the cases below on so many devices, or, for a
few cases, with the processes that TF_CONFIG names. A process can have one strategy for its devices:
another one would join the groups that the first one made.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from hsm import losses
from hsm.data.sources.source import Split
from hsm.experiments.config import RunConfig
from hsm.experiments.runs.evaluator import Evaluator
from hsm.experiments.runs.fashionnet import LandmarkObjective
from hsm.layers import ExampleDropout
from hsm.models import EmbeddingModel
from hsm.models.backbones import build_backbone
from hsm.models.head import Head
from hsm.training.cluster import cluster_of
from hsm.training.devices import Devices
from hsm.training.objective import OutputObjective, SoftmaxObjective
from hsm.training.step import TrainStep
from hsm.training.warm_up import warm_up

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

# Those that are no step on a small model of logits or embeddings.
OTHER_CASES = ("warm-up", "landmarks")
WORKERS_CASES = ("softmax", "statistics", "dropout", "triplet")


def main(count: str, path: Path) -> None:
    """Write the results of all cases."""
    if count == "workers":
        devices, cases = cluster_of(os.environ).devices(seconds=120), WORKERS_CASES
    else:
        devices, cases = on(int(count)), tuple(CASES)
    found = {
        f"{name}/{key}": value
        for name in cases
        for key, value in trained(devices, *CASES[name]).items()
    }
    found["embedded"], found["labels"] = embedded(devices)
    found |= {f"warm-up/{key}": value for key, value in warmed_up(devices).items()}
    found |= {f"landmarks/{key}": value for key, value in with_landmarks(devices).items()}
    if devices.is_chief:
        np.savez(path, **found)
    devices.meet()


def on(count: int) -> Devices:
    """So many devices of the processor."""
    cpu = tf.config.list_physical_devices("CPU")[0]
    logical = [tf.config.LogicalDeviceConfiguration()] * count
    tf.config.set_logical_device_configuration(cpu, logical)
    names = [f"CPU:{number}" for number in range(count)]
    return Devices(tf.distribute.MirroredStrategy(names) if count > 1 else None)


def images_to_embed() -> Split:
    """Images that are told apart by their mean, in a number that no batch size divides."""
    count = 11
    pixels = np.random.default_rng(0).integers(0, 256, (count, 28, 28, 3), np.uint8)
    return Split(pixels, np.arange(count, dtype=np.int32) % 3, ("a", "b", "c"))


def embedded(devices: Devices) -> tuple[np.ndarray, np.ndarray]:
    """The mean colours and the labels of the test images."""
    config = RunConfig(
        dataset="digits", method="SM", backbone="convnet", image_size=28, test_batch_size=4
    )

    def features(images):
        return tf.reduce_mean(images, axis=(1, 2))

    return Evaluator(features, None, config, devices=devices).embed(images_to_embed())


def warmed_up(devices: Devices) -> dict[str, np.ndarray]:
    """The averages after two uneven batches."""
    with devices.scope():
        model = make_model("BN", synchronized=True)
    images = np.random.default_rng(0).integers(0, 256, (11, SIDE, SIDE, 3), dtype=np.uint8)
    batches = (batch[devices.share.of(len(batch))] for batch in (images[:7], images[7:]))
    warm_up(model, ((batch, None) for batch in batches), devices)
    return {str(place): np.asarray(variable) for place, variable in enumerate(model.variables)}


def with_landmarks(devices: Devices) -> dict[str, np.ndarray]:
    """FashionNet's weights after a triplet of images in each of two batches, the second smaller."""
    head = Head(normalization="l2", classifier="none", bottleneck="landmarks")
    with devices.scope():
        backbone = build_backbone("lenet", 28, seed=1)  # No statistics of a batch.
        model = EmbeddingModel(backbone, head, num_classes=CLASSES, embedding_dim=8, seed=0)
        optimizer = keras.optimizers.SGD(0.01)
    objective = LandmarkObjective(losses.TripletMargin())
    step = TrainStep(model, optimizer, objective=objective, devices=devices)
    found = {}
    for number, classes in enumerate(([0, 1, 0, 1, 2, 3], [0, 0, 1])):
        labels = landmark_labels(classes)
        pixels = np.random.default_rng(number).integers(0, 256, (len(labels), 28, 28, 3))
        own = devices.share.of(len(labels))
        step(*devices.place(pixels.astype(np.uint8)[own], labels[own]))
        for place, variable in enumerate(model.variables):
            found[f"{number}/{place}"] = np.asarray(variable)
        totals = step.totals()
        found[f"{number}/sums"] = np.array([totals.loss, totals.terms])
    return found


def landmark_labels(classes: list[int]) -> np.ndarray:
    """Labels as `LandmarkLabels` makes them."""
    drawn, size = np.random.default_rng(len(classes)), len(classes)
    places = np.dstack([drawn.random((size, 8, 2)), drawn.integers(0, 3, (size, 8))])
    columns = [classes, drawn.integers(0, 23, size), np.full(size, 5.0), np.full(size, 1.0)]
    columns += [drawn.uniform(0.5, 1.0, size), places.reshape(size, -1)]
    columns.append(drawn.integers(-1, 2, (size, 463)))
    return np.column_stack(columns).astype(np.float32)


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
        own = devices.share.of(len(labels))
        step(*devices.place(images[own], np.array(labels, np.int32)[own]))
        for place, variable in enumerate(model.variables):
            found[f"{number}/{place}"] = np.asarray(variable)
        totals = step.totals()
        found[f"{number}/sums"] = np.array([totals.loss, totals.terms])
        found[f"{number}/counts"] = np.array([totals.correct, totals.examples, totals.steps])
    return found


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
