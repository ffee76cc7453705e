"""A network small enough to train in a test, with an alpha and batch statistics."""

from __future__ import annotations

import keras
import numpy as np

from hsm.models import EmbeddingModel
from hsm.schedules import HeatUp
from hsm.training.loop import Trainer, TrainingData
from hsm.training.step import TrainStep

SIDE, CLASSES = 6, 3


def make_model(method="BN", seed=0, options=None):
    inputs = keras.Input((SIDE, SIDE, 3))
    x = keras.layers.Rescaling(1 / 255)(inputs)
    x = keras.layers.Conv2D(4, 3, kernel_initializer=keras.initializers.GlorotUniform(seed))(x)
    x = keras.layers.BatchNormalization(momentum=0.9)(x)
    backbone = keras.Model(inputs, keras.layers.GlobalAveragePooling2D()(x))
    return EmbeddingModel(
        backbone, method, num_classes=CLASSES, embedding_dim=5, seed=seed, options=options
    )


def make_batches(steps=4, size=8):
    def batches(epoch, first):
        for step in range(first, steps):
            generator = np.random.default_rng([epoch, step])
            images = generator.integers(0, 256, (size, SIDE, SIDE, 3), dtype=np.uint8)
            yield images, generator.integers(0, CLASSES, size, dtype=np.int32)

    return TrainingData(batches, steps)


def make_trainer(method="BN", *, seed=0, data=None, learning_rate=0.05, **options):
    optimizer = keras.optimizers.SGD(learning_rate, momentum=0.9)
    settings = {
        "schedule": HeatUp(epochs=2, heated_epochs=2, learning_rate=learning_rate),
        "evaluate": lambda epoch: None,
        **options,
    }
    step = TrainStep(make_model(method, seed), optimizer)
    return Trainer(step, data or make_batches(), **settings)


def weights_of(trainer):
    variables = [*trainer.step.model.variables, *trainer.step.optimizer.variables]
    return [np.asarray(variable) for variable in variables]
