"""Configurations: names that follow from what decides the weights, and rules at construction."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from hsm.data.catalog import CATALOG
from hsm.experiments.config import METHODS, RunConfig
from hsm.experiments.recipes import RECIPES
from hsm.schedules import phase_at

BASE = RunConfig(dataset="digits", method="BN")


def _with(**changes):
    return replace(BASE, **changes)


def test_a_name_is_the_same_in_every_process():
    # Spelt out: records that were made with this name must be found again.
    assert BASE.name == "digits-BN-a7722d92-seed0"
    assert _with(method="HBN", heated_alpha=2.0, seed=7).name == "digits-HBN-00bac000-seed7"


@pytest.mark.parametrize(
    "changes",
    [
        {"epochs": 3},
        {"heated_epochs": 3},
        {"alpha": 8.0},
        {"learning_rate": 0.1},
        {"embedding_dim": 8},
        {"batch_size": 16},
        {"optimizer": "adam"},
        {"precision": "mixed_bfloat16"},
        {"weights": "a.caffemodel"},
        {"backbone": "convnet"},
        {"backbone": "keras:ResNet50"},
        {"backbone": "folder/net.keras"},
        {"image_size": 28},
        {"limit": 10},
        {"dataset": "omniglot"},
        {"method": "LN"},
        {"seed": 1},
        {"ks": (1, 10)},
    ],
)
def test_what_decides_the_weights_or_is_measured_decides_the_name(changes):
    assert _with(**changes).name != BASE.name


@pytest.mark.parametrize(
    "changes",
    [{"eval_every": 1}, {"heated_alpha": 2.0}, {"heated_learning_rate": 1.0}],
)
def test_what_does_not_touch_an_unheated_run_leaves_its_name(changes):
    assert _with(**changes).name == BASE.name


def test_alpha_is_one_for_sm_whatever_the_flag_says():
    assert _with(method="SM", alpha=8.0).name == _with(method="SM", alpha=16.0).name
    assert _with(method="SM", alpha=8.0).initial_alpha == 1.0


def test_the_trunk_is_shared_by_a_method_and_its_heated_form_only():
    trunk = BASE.trunk_name
    for heated in ({}, {"heated_alpha": 1.0}, {"heated_epochs": 3}, {"heated_learning_rate": 1.0}):
        assert _with(method="HBN", **heated).trunk_name == trunk
    assert _with(heated_epochs=99).trunk_name == trunk
    assert _with(method="HLN").trunk_name == _with(method="LN").trunk_name != trunk
    assert _with(epochs=41).trunk_name != trunk
    assert _with(seed=1).trunk_name != trunk


@pytest.mark.parametrize("method", [method for method in METHODS if method != "pretrained"])
def test_every_method_has_the_same_budget(method):
    config = _with(method=method, epochs=3, heated_epochs=2)
    phases = [phase_at(config.schedule, epoch) for epoch in range(1, 6)]
    before = (1.0 if method == "SM" else 16.0, 0.004)
    after = (4.0, 0.0004) if method in ("HLN", "HBN") else before
    found = [(phase.alpha, round(phase.learning_rate, 10)) for phase in phases]
    assert found == [before] * 3 + [after] * 2


def test_json_round_trip():
    config = _with(ks=(1, 10), weights="a.h5", heated_learning_rate=0.5)
    assert RunConfig.from_json(json.loads(json.dumps(config.to_json()))) == config


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"method": "XX"}, "method must be one of pretrained, SM, .* Received: method='XX'"),
        ({"optimizer": "lamb"}, "optimizer must be one of sgd, adam"),
        ({"precision": "int8"}, "precision must be one of float32"),
        ({"profile": "mine"}, "profile must be one of paper"),
        ({"epochs": 0}, "epochs must be 1 or more. Received: epochs=0"),
        ({"batch_size": 1}, "batch_size must be 2 or more for BN"),
        ({"alpha": -1.0}, "alpha must be a positive finite number"),
        ({"heated_epochs": -1}, "heated_epochs must be 0 or more for BN"),
        ({"method": "HBN", "heated_epochs": 0}, "heated_epochs must be 1 or more for HBN"),
        ({"ks": ()}, "ks must be positive numbers"),
        ({"ks": (0,)}, "ks must be positive numbers"),
        ({"method": "pretrained"}, "pretrained needs --weights"),
        ({"backbone": "vgg"}, "backbone must be one of googlenet, .*Received: backbone='vgg'"),
        ({"backbone": "lenet", "weights": "a.h5"}, "lenet, which is trained from scratch"),
        ({"backbone": "a.keras", "weights": "a.h5"}, "a.keras, which brings its own"),
    ],
)
def test_rules_are_checked_at_construction(changes, message):
    with pytest.raises(ValueError, match=message):
        _with(**changes)


def test_every_data_set_of_the_catalog_has_a_recipe():
    assert set(RECIPES) == set(CATALOG)


@pytest.mark.parametrize("dataset", RECIPES)
def test_every_recipe_is_a_configuration_with_the_papers_schedule(dataset):
    config = RunConfig(dataset=dataset, method="HBN", **RECIPES[dataset])
    assert (config.epochs, config.heated_epochs) == (40, 10)
    assert (config.alpha, config.heated_alpha, config.learning_rate) == (16.0, 4.0, 0.004)
    assert (config.embedding_dim, config.batch_size, config.momentum) == (64, 32, 0.9)
