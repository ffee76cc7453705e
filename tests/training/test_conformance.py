"""The same checks for every public optimiser and callback; one outside the tables fails them."""

from __future__ import annotations

import inspect
import json

import keras
import numpy as np
import pytest

from hsm import training
from hsm.layers import TemperatureSoftmaxDense
from hsm.schedules import HeatUp

OPTIMIZERS = {"RawMomentumSGD": {"learning_rate": 0.02, "momentum": 0.8, "clipnorm": 5.0}}
CALLBACKS = {"HeatUpCallback": (HeatUp(epochs=2, heated_epochs=1, learning_rate=0.1),)}
# Other public names, and where they are tested.
OTHERS = {
    "NonFiniteLossError": "test_loop",
    "OutputObjective": "test_step",
    "SoftmaxObjective": "test_step",
    "TrainStep": "test_step",
    "Trainer": "test_loop",
}
IMAGES = np.random.default_rng(0).normal(size=(12, 5)).astype(np.float32)
LABELS = np.arange(12) % 3


def optimizer(name, /, **arguments):
    return getattr(training, name)(**{**OPTIMIZERS[name], **arguments})


def compiled(**arguments):
    keras.utils.set_random_seed(0)
    classifier = TemperatureSoftmaxDense(3, name="classifier")
    model = keras.Sequential([keras.Input((5,)), keras.layers.Dense(4), classifier])
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(**{"optimizer": "sgd", "loss": loss, "jit_compile": False, **arguments})
    return model


def fitted(model, epochs=2, **arguments):
    model.fit(IMAGES, LABELS, epochs=epochs, batch_size=6, shuffle=False, verbose=0, **arguments)
    return model


def test_every_public_name_is_in_a_table():
    assert {*OPTIMIZERS, *CALLBACKS, *OTHERS} == set(training.__all__)
    classes = {name for name in training.__all__ if inspect.isclass(getattr(training, name))}

    def of(kind):
        return {name for name in classes if issubclass(getattr(training, name), kind)}

    assert of(keras.optimizers.Optimizer) == set(OPTIMIZERS)
    assert of(keras.callbacks.Callback) == set(CALLBACKS)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_an_optimizers_configuration_makes_it_again(name):
    made = optimizer(name, name="mine")
    config = json.loads(json.dumps(keras.optimizers.serialize(made)))
    again = keras.optimizers.deserialize(config)
    assert type(again) is getattr(training, name)
    assert again.get_config() == made.get_config()
    for argument, value in OPTIMIZERS[name].items():
        assert again.get_config()[argument] == pytest.approx(value)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_saved_optimizer_goes_on_where_it_was(name, tmp_path):
    straight = fitted(compiled(optimizer=optimizer(name)), epochs=4)
    halfway = fitted(compiled(optimizer=optimizer(name)))
    halfway.save(tmp_path / "model.keras")
    resumed = fitted(keras.models.load_model(tmp_path / "model.keras"))
    for actual, expected in zip(resumed.get_weights(), straight.get_weights(), strict=True):
        np.testing.assert_array_equal(actual, expected)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_an_optimizer_takes_the_same_steps_compiled_and_under_loss_scaling(name):
    expected = fitted(compiled(optimizer=optimizer(name))).get_weights()
    scaled = keras.optimizers.LossScaleOptimizer(optimizer(name), initial_scale=8.0)
    for arguments in (
        {"optimizer": optimizer(name), "jit_compile": True},
        {"optimizer": optimizer(name), "run_eagerly": True},
        {"optimizer": scaled},
    ):
        for actual, weights in zip(
            fitted(compiled(**arguments)).get_weights(), expected, strict=True
        ):
            np.testing.assert_allclose(actual, weights, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("name", CALLBACKS)
def test_a_callback_serves_fit_twice_and_compiled(name):
    callback = getattr(training, name)(*CALLBACKS[name])
    histories = []
    for arguments in ({}, {}, {"jit_compile": True}, {"run_eagerly": True}):
        model = fitted(compiled(**arguments), epochs=3, callbacks=[callback])
        histories.append(model.history.history)
    for history in histories[1:]:
        assert history.keys() == histories[0].keys()
        for key, values in history.items():
            np.testing.assert_allclose(values, histories[0][key], rtol=1e-4)
