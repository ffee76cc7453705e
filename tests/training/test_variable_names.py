"""Names of variables: unique, the same in every process, and those of the right variable."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from support.tiny_model import make_model

from hsm.models import build_backbone, with_unbiased_variance
from hsm.training.variable_names import model_variables, optimizer_variables


def built(optimizer, model):
    optimizer.build(model.trainable_variables)
    return optimizer


def test_names_are_paths_of_layers():
    assert list(model_variables(make_model("BN"))) == [
        "functional/conv2d/kernel",
        "functional/conv2d/bias",
        "functional/batch_normalization/gamma",
        "functional/batch_normalization/beta",
        "functional/batch_normalization/moving_mean",
        "functional/batch_normalization/moving_variance",
        "bottleneck/kernel",
        "normalization/batch_norm/beta",
        "normalization/batch_norm/moving_mean",
        "normalization/batch_norm/moving_variance",
        "classifier/kernel",
        "classifier/bias",
        "classifier/alpha",
    ]


@pytest.mark.parametrize("method", ["SM", "LN", "BN"])
def test_names_do_not_depend_on_what_the_process_built_before(method):
    keras.backend.clear_session()
    first = model_variables(make_model(method))
    keras.layers.Conv2D(1, 1), keras.layers.BatchNormalization(), make_model(method)
    later = model_variables(make_model(method))
    assert list(first) == list(later)


@pytest.mark.parametrize(
    ("backbone", "size"),
    [
        ("googlenet", 224),
        ("lenet", 28),
        ("keras:ConvNeXtTiny", 32),  # It has variables without a name.
    ],
)
def test_every_variable_of_a_backbone_has_a_name_of_its_own(backbone, size):
    models = [build_backbone(backbone, size, weights=None, seed=0) for _ in range(2)]
    names = [model_variables(model) for model in models]
    assert list(names[0]) == list(names[1])
    assert {id(v) for v in names[0].values()} == {id(v) for v in models[0].variables}
    assert not any("~" in name for name in names[0])


def test_an_exchanged_layer_is_numbered_as_the_one_that_it_replaced():
    backbones = [with_unbiased_variance(make_model().backbone) for _ in range(2)]
    names = [list(model_variables(backbone)) for backbone in backbones]
    assert names[0] == names[1]
    assert "batch_normalization/moving_variance" in names[0]


def test_layers_of_one_class_are_numbered_in_order_and_names_given_stay():
    dense = keras.layers.Dense
    inner = keras.Sequential([keras.Input((2,)), dense(2), dense(2, name="dense_7x"), dense(2)])
    model = keras.Sequential([keras.Input((2,)), inner, dense(2), keras.layers.Dropout(0.5)])
    assert list(model_variables(model)) == [
        "sequential/dense/kernel",
        "sequential/dense/bias",
        "sequential/dense_7x/kernel",
        "sequential/dense_7x/bias",
        "sequential/dense_1/kernel",
        "sequential/dense_1/bias",
        "dense/kernel",
        "dense/bias",
        "dropout/seed_generator_state",
    ]


class _Pair(keras.Model):
    """Two layers of one name, one of them twice."""

    def __init__(self):
        super().__init__()
        self.one = keras.layers.Dense(2, name="same")
        self.other = keras.layers.Dense(2, name="same")
        self.again = self.one

    def call(self, inputs):
        return self.again(self.other(self.one(inputs)))


def test_names_that_are_given_twice_are_told_apart():
    model = _Pair()
    model(np.zeros((1, 2)))
    model.one.kernel.assign(np.ones((2, 2)))
    named = model_variables(model)
    assert list(named) == ["same/kernel", "same/bias", "same/kernel~1", "same/bias~1"]
    assert len(named) == len(model.variables) == 4
    slots = optimizer_variables(built(keras.optimizers.SGD(momentum=0.9), model), named)
    assert len(slots) == 6
    assert "sgd/same/kernel~1/momentum" in slots


def test_slots_are_named_by_their_variable():
    model = make_model("BN")
    named = model_variables(model)
    adam = built(keras.optimizers.Adam(), model)
    slots = optimizer_variables(adam, named)
    assert list(slots)[:2] == ["adam/iteration", "adam/learning_rate"]
    assert len(slots) == len(adam.variables)
    for name, variable in named.items():
        for slot in ("momentum", "velocity") if variable.trainable else ():
            assert slots[f"adam/{name}/{slot}"].shape == variable.shape


def test_an_optimizer_within_another_has_names_of_its_own():
    model = make_model("BN")
    scaled = keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD(momentum=0.9))
    slots = optimizer_variables(built(scaled, model), model_variables(model))
    assert {
        "loss_scale_optimizer/iteration",
        "loss_scale_optimizer/dynamic_scale",
        "sgd/iteration",
        "sgd/bottleneck/kernel/momentum",
    } <= set(slots)
    assert len(slots) == len(scaled.variables)


def test_the_slot_is_the_one_that_the_optimizer_uses():
    model = make_model("BN")
    sgd = built(keras.optimizers.SGD(1.0, momentum=0.9), model)
    variables = model.trainable_variables
    sgd.apply([np.full(v.shape, i, np.float32) for i, v in enumerate(variables)], variables)
    slots = optimizer_variables(sgd, model_variables(model))
    places = {id(variable): index for index, variable in enumerate(variables)}
    for name, variable in model_variables(model).items():
        if variable.trainable:
            momentum = np.asarray(slots[f"sgd/{name}/momentum"])
            np.testing.assert_array_equal(momentum, -places[id(variable)])
