"""HeatUpCallback: heating up under `model.fit`."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from support.tiny_model import CLASSES, SIDE, make_model

from hsm.layers import TemperatureSoftmaxDense
from hsm.models import HeadOptions
from hsm.schedules import HeatUp
from hsm.training import HeatUpCallback


def _fit(model, epochs):
    images = np.random.default_rng(0).integers(0, 256, (12, SIDE, SIDE, 3)).astype(np.float32)
    seen = []
    spy = keras.callbacks.LambdaCallback(
        on_epoch_end=lambda epoch, logs: seen.append(
            (float(model.classifier.alpha), float(model.optimizer.learning_rate))
        )
    )
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.SGD(0.5), loss)
    schedule = HeatUp(epochs=2, heated_epochs=1, learning_rate=0.1)
    labels = np.arange(12) % CLASSES
    model.fit(
        images,
        labels,
        epochs=epochs,
        verbose=0,
        callbacks=[HeatUpCallback(schedule), spy],
    )
    return seen


def test_alpha_and_rate_follow_the_schedule_and_keep_its_last_phase():
    seen = _fit(make_model("LN"), 4)
    assert [alpha for alpha, _ in seen] == [16.0, 16.0, 4.0, 4.0]
    assert [rate for _, rate in seen] == pytest.approx([0.1, 0.1, 0.01, 0.01])


def test_a_model_without_temperature_is_refused():
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(2)])
    model.compile("sgd", "mse")
    with pytest.raises(ValueError, match="expected a model with a TemperatureSoftmaxDense layer"):
        model.fit(np.ones((2, 2)), np.ones((2, 2)), verbose=0, callbacks=[HeatUpCallback(HeatUp())])


def test_a_model_that_learns_alpha_is_refused():
    model = make_model("LN", options=HeadOptions(learn_alpha=True))
    with pytest.raises(ValueError, match=r"learn_alpha=True in classifier; use learn_alpha=False"):
        _fit(model, 1)


class Wrapped(keras.layers.Layer):
    """A layer that holds another one."""

    def __init__(self, inner, **kwargs):
        super().__init__(**kwargs)
        self.inner = inner

    def call(self, inputs):
        return self.inner(inputs)


class Subclassed(keras.Model):
    """A model whose classifier lies in a dictionary."""

    def __init__(self):
        super().__init__()
        self.parts = {"head": TemperatureSoftmaxDense(3)}

    def call(self, inputs):
        return self.parts["head"](inputs)


def _wrapped():
    images = keras.Input((4,))
    return keras.Model(images, Wrapped(TemperatureSoftmaxDense(3))(images))


def _fit_rows(model, optimizer="sgd"):
    model.compile(optimizer, keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    heat_up = HeatUpCallback(HeatUp(epochs=1, heated_epochs=1, learning_rate=0.1))
    rows, labels = np.eye(4, dtype=np.float32), np.array([0, 1, 2, 0])
    return model.fit(rows, labels, epochs=2, verbose=0, callbacks=[heat_up]).history


@pytest.mark.parametrize("make", [_wrapped, Subclassed])
def test_the_classifier_is_found_wherever_it_lies(make):
    history = _fit_rows(make())
    assert history["alpha"] == [16.0, 4.0]
    assert history["learning_rate"] == pytest.approx([0.1, 0.01])


@pytest.mark.parametrize("scaled", [False, True])
def test_a_rate_with_a_schedule_of_its_own_is_refused(scaled):
    optimizer = keras.optimizers.SGD(keras.optimizers.schedules.ExponentialDecay(0.1, 10, 0.9))
    if scaled:
        optimizer = keras.optimizers.LossScaleOptimizer(optimizer)
    with pytest.raises(ValueError, match=r"Received: .*ExponentialDecay; .* SGD\(0\.004\)"):
        _fit_rows(_wrapped(), optimizer)


def test_the_rate_under_loss_scaling_is_set():
    optimizer = keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD(0.5))
    assert _fit_rows(_wrapped(), optimizer)["learning_rate"] == pytest.approx([0.1, 0.01])
