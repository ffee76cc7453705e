"""Configurations: names that follow from what decides the weights, and rules at construction."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import replace

import pytest

from hsm.experiments.config import METHODS, RunConfig
from hsm.schedules import phase_at

BASE = RunConfig(dataset="digits", method="BN")


def _with(**changes):
    return replace(BASE, **changes)


def test_a_name_is_the_same_in_every_process():
    # Spelt out: records that were made with this name must be found again.
    assert BASE.name == "digits-BN-a7722d92-seed0"
    assert _with(method="HBN", heated_alpha=2.0, seed=7).name == "digits-HBN-00bac000-seed7"


DECIDING = [
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
    {"image_size": 28},
    {"limit": 10},
    {"profile": "official"},
    {"crop_last_place": False},
    {"random_crops": False},
    {"scale_bias": False},
    {"learned_alpha": True},
    {"unbiased_variance": True},
    {"label_smoothing": 0.1},
    {"keep_last_batch": False},
    {"raw_momentum": True},
    {"synchronized_batch_norm": True},
    {"xla": True},
    {"adam_epsilon": 0.01},
    {"warm_up": True},
    {"class_mean_init": True},
    {"test_epsilon": 1e-4},
    {"kmeans_starts": 1},
    {"ks": (1, 10)},
    {"dataset": "omniglot"},
    {"split": "classification"},
    {"split": "all", "validation_classes": 2.0},
    {"method": "LN"},
    {"tuned": 3},
    {"seed": 1},
]
# Of some methods only, or for the scores' display.
ELSEWHERE = {
    "decay_every",
    "decay_factor",
    "hdc_3x128",
    "hdc_cascade",
    "hdc_last_rate",
    "landmarks",
    "loss_setting",
    "norm_term",
    "momentum",
    "heating",
    "heated_alpha",
    "heated_learning_rate",
    "gradual_every",
    "gradual_alpha_divisor",
    "gradual_rate_factor",
    "eval_every",
    "test_batch_size",
    "nmi",
}


@pytest.mark.parametrize("changes", DECIDING)
def test_what_decides_weights_and_scores_decides_the_names(changes):
    assert _with(**changes).name != BASE.name
    later = {"heated_epochs"}
    assert (_with(**changes).shared_name != BASE.shared_name) == (set(changes) != later)


def test_every_other_field_is_named_here():
    """A new field must be put into one of the lists of this file."""
    tested = {name for changes in DECIDING for name in changes} | ELSEWHERE
    assert tested == {field.name for field in dataclasses.fields(RunConfig)}


@pytest.mark.parametrize(
    "changes",
    [
        {"eval_every": 1},
        {"nmi": "geometric"},
        {"test_batch_size": 7},
        {"heated_alpha": 2.0},
        {"heated_learning_rate": 1.0},
        {"heating": "gradual"},
        {"gradual_every": 3},
        {"gradual_alpha_divisor": 2.0},
        {"gradual_rate_factor": 0.5},
        {"hdc_cascade": True},
        {"hdc_last_rate": 1.0},
    ],
)
def test_what_does_not_touch_an_unheated_run_leaves_its_name(changes):
    assert _with(**changes).name == BASE.name


def test_the_controls_of_alpha_and_rate_have_four_names():
    kept = {"heated_alpha": BASE.alpha, "heated_learning_rate": BASE.learning_rate}
    controls = [{}, *({name: value} for name, value in kept.items()), kept]
    assert len({_with(method="HBN", **control).name for control in controls}) == 4
    assert len({_with(method="HBN", **control).shared_name for control in controls}) == 1


def test_gradual_heating_shares_no_trunk_and_ignores_the_switchs_numbers():
    gradual = _with(method="HBN", heating="gradual")
    assert gradual.shared_name != BASE.shared_name
    assert gradual.name != _with(method="HBN").name
    assert replace(gradual, heated_alpha=1.0, heated_learning_rate=1.0).name == gradual.name
    for name, value in {"gradual_every": 3, "gradual_alpha_divisor": 2.0}.items():
        assert replace(gradual, **{name: value}).shared_name != gradual.shared_name
        assert _with(method="HBN", **{name: value}).name == _with(method="HBN").name
    assert replace(gradual, heated_epochs=99).shared_name == gradual.shared_name
    phases = gradual.schedule.phases
    assert [(phase.epochs, round(phase.alpha, 2)) for phase in phases] == [
        (10, 16.0),
        (10, 11.35),
        (10, 8.05),
        (10, 5.71),
        (10, 4.05),
    ]
    assert gradual.switch_epoch is None
    assert _with(method="HBN").switch_epoch == 40


def test_a_learned_alpha_starts_at_one():
    assert _with(learned_alpha=True).initial_alpha == 1.0
    assert _with(learned_alpha=True).schedule.phases[0].alpha == 1.0


def test_the_damping_of_tested_features_is_on_their_scale():
    """BN's features are the released code's over sqrt(k)."""
    assert _with(test_epsilon=6.4e-3).feature_epsilon == pytest.approx(1e-4)
    assert _with(test_epsilon=6.4e-3, method="LN").feature_epsilon == 6.4e-3


def test_alpha_is_one_for_sm_whatever_the_flag_says():
    assert _with(method="SM", alpha=8.0).name == _with(method="SM", alpha=16.0).name
    assert _with(method="SM", alpha=8.0).initial_alpha == 1.0


def test_where_the_stages_change_decides_the_trunk_with_landmarks():
    staged = _with(method="fashionnet", landmarks=True)
    assert replace(staged, heated_epochs=99).shared_name != staged.shared_name
    plain = replace(staged, landmarks=False)
    assert replace(plain, heated_epochs=99).shared_name == plain.shared_name


def test_the_trunk_is_shared_by_a_method_and_its_heated_form_only():
    shared = BASE.shared_name
    for heated in ({}, {"heated_alpha": 1.0}, {"heated_epochs": 3}, {"heated_learning_rate": 1.0}):
        assert _with(method="HBN", **heated).shared_name == shared
    assert _with(heated_epochs=99).shared_name == shared
    assert _with(method="HLN").shared_name == _with(method="LN").shared_name != shared
    assert _with(epochs=41).shared_name != shared
    assert _with(seed=1).shared_name != shared


@pytest.mark.parametrize("method", [method for method in METHODS if method != "pretrained"])
def test_every_method_has_the_same_budget(method):
    config = _with(method=method, epochs=3, heated_epochs=2)
    phases = [phase_at(config.schedule, epoch) for epoch in range(1, 6)]
    is_bounded = METHODS[method].head.normalize_kernel
    before = (16.0 if is_bounded else 1.0, 0.004)
    after = (4.0, 0.0004) if method in ("HLN", "HBN") else before
    found = [(phase.alpha, round(phase.learning_rate, 10)) for phase in phases]
    assert found == [before] * 3 + [after] * 2


def test_json_round_trip():
    config = _with(ks=(1, 10), weights="a.h5", heated_learning_rate=0.5)
    assert RunConfig.from_json(json.loads(json.dumps(config.to_json()))) == config


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"method": "XX"}, "method to be one of pretrained, SM, .* Received: method='XX'"),
        ({"optimizer": "lamb"}, "optimizer to be one of sgd, adam"),
        ({"precision": "int8"}, "precision to be one of float32"),
        ({"profile": "mine"}, "profile to be one of paper, official"),
        ({"heating": "slow"}, "heating to be one of switch, gradual"),
        ({"nmi": "harmonic"}, "nmi to be one of arithmetic, geometric"),
        ({"label_smoothing": 1.0}, "label_smoothing to be 0 or more and less than 1.*=1.0"),
        ({"test_epsilon": -1.0}, "test_epsilon to be finite and 0 or more.*=-1.0"),
        ({"kmeans_starts": 0}, "kmeans_starts to be 1 or more"),
        ({"method": "HBN", "heating": "gradual", "gradual_every": 0}, "every to be 1 or more"),
        ({"method": "SM", "learned_alpha": True}, "learned_alpha with .* LN and BN.*'SM'"),
        ({"method": "HBN", "learned_alpha": True}, "learned_alpha with .* LN and BN.*'HBN'"),
        ({"norm_term": False}, "norm_term=False with the methods LN and HLN.*'BN'"),
        ({"epochs": 0}, "epochs to be 1 or more. Received: epochs=0"),
        ({"batch_size": 1}, "batch_size to be at least 2 for BN"),
        ({"alpha": -1.0}, "a positive finite number"),
        ({"heated_epochs": -1}, "heated_epochs to be at least 0 for BN"),
        ({"method": "HBN", "heated_epochs": 0}, "heated_epochs to be at least 1 for HBN"),
        ({"ks": ()}, "ks to be positive numbers"),
        ({"ks": (0,)}, "ks to be positive numbers"),
        ({"method": "pretrained"}, "expected `weights`, or a .keras file"),
        ({"backbone": "vgg"}, "backbone to be one of googlenet, .*Received: backbone='vgg'"),
        ({"backbone": "lenet", "weights": "a.h5"}, "lenet, which is trained from scratch"),
        ({"backbone": "a.keras", "weights": "a.h5"}, "a.keras, which brings its own"),
        ({"backbone": "a.keras", "precision": "mixed_bfloat16"}, "to be float32 with .*a.keras"),
        ({"backbone": "lenet", "weights": "imagenet"}, "lenet, which is trained from scratch"),
        ({"weights": "imagenet"}, "googlenet: .* keras: networks .*Pass a .caffemodel or a .weig"),
        ({"backbone": "inception_v1", "weights": "imagenet"}, "inception_v1: .*Pass a .ckpt"),
        ({"backbone": "torchvision_googlenet", "weights": "imagenet"}, "Pass a .pth"),
    ],
)
def test_rules_are_checked_at_construction(changes, message):
    with pytest.raises(ValueError, match=message):
        _with(**changes)


@pytest.mark.parametrize(
    ("backbone", "weights"), [("a.keras", None), ("keras:ResNet50", "imagenet")]
)
def test_the_pretrained_feature_of_a_file_or_of_keras(backbone, weights):
    config = _with(method="pretrained", backbone=backbone, weights=weights)
    assert (config.backbone, config.weights) == (backbone, weights)


@pytest.mark.parametrize("asked", [1.0, 2.5, -1.0, float("inf"), float("nan")])
def test_held_out_classes_are_a_number_or_a_share(asked):
    with pytest.raises(ValueError, match="a whole number of at least 2, or a share below 1"):
        _with(split="all", validation_classes=asked)
    with pytest.raises(ValueError, match="with split=all"):
        _with(validation_classes=2.0)


def test_synchronised_statistics_do_not_go_with_the_unbiased_variance():
    with pytest.raises(ValueError, match="synchronized_batch_norm or unbiased_variance, not both"):
        RunConfig(dataset="d", method="BN", synchronized_batch_norm=True, unbiased_variance=True)
