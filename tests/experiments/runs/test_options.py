"""Every option of a recipe, through the runner on a few digits."""

from __future__ import annotations

from dataclasses import replace

import keras
import numpy as np
import pytest

from hsm.evaluation import evaluate
from hsm.experiments.config import RunConfig, run_record
from hsm.experiments.config.recipes import RECIPES
from hsm.experiments.config.variants import VARIANTS, vary
from hsm.experiments.runs import build, evaluator
from hsm.experiments.runs.runner import Runner
from hsm.experiments.runs.workspace import Workspace
from hsm.layers import UnbiasedBatchNormalization
from hsm.training import RawMomentumSGD


@pytest.fixture
def runner(tmp_path, few_digits):
    return Runner(few_digits, Workspace(tmp_path), report=lambda line: None)


@pytest.mark.parametrize("variant", VARIANTS)
def test_every_variant_trains_and_is_recorded(runner, quick_config, variant):
    config = replace(vary(quick_config, variant), gradual_every=1)
    record = runner.run(config)
    assert record == run_record.read(runner.workspace.records_dir / f"{config.name}.json")
    alphas = [epoch.alpha for epoch in record.epochs]
    rates = [epoch.learning_rate for epoch in record.epochs]
    expected = {
        "label_smoothing": ([1.0, 1.0], [0.004, 0.004]),
        "gradual": ([16.0, 16.0 / 1.41], [0.004, 0.004 * 0.562]),
        "no_norm_term": ([16.0, 16.0], [0.004, 0.004]),
        "alpha_only": ([16.0, 4.0], [0.004, 0.004]),
        "rate_only": ([16.0, 16.0], [0.004, 0.0004]),
    }
    if config.head.classifier == "none":
        assert alphas == [None, None]
    elif variant in expected:
        assert (alphas, rates) == tuple(map(pytest.approx, expected[variant]))
    else:
        assert len({1.0, *alphas}) == 3  # A learned alpha moves in every epoch.
    assert (record.switch is None) == (variant == "gradual")
    model, _ = build.load_model(runner.workspace.run_dir(config))
    alpha = None if model.alpha is None else float(model.alpha)
    assert alpha == pytest.approx(alphas[-1])


def _trained(runner, config):
    """The model after a run, by what each of its variables is."""
    record = runner.run(config)
    model, _ = build.load_model(runner.workspace.run_dir(config))
    statistics = [np.asarray(variable) for variable in model.non_trainable_variables]
    return record, model.get_weights(), statistics


def _equal(some, others):
    return all(np.array_equal(one, other) for one, other in zip(some, others, strict=True))


def test_a_warm_up_is_felt_in_the_averages_alone(runner, quick_config):
    """In training, batches are normalised by their own statistics."""
    plain, weights, averages = _trained(runner, quick_config)
    warm, warm_weights, warm_averages = _trained(runner, replace(quick_config, warm_up=True))
    assert warm.epochs[-1].loss == plain.epochs[-1].loss
    assert not _equal(averages, warm_averages)
    model = build.build_model(quick_config, 5)
    moving = {i for i, variable in enumerate(model.weights) if variable.name.startswith("moving")}
    kept = [i for i in range(len(weights)) if i not in moving]
    assert _equal([weights[i] for i in kept], [warm_weights[i] for i in kept])
    assert warm.seconds["prepare"] > 0
    assert plain.seconds["prepare"] == 0.0


def test_class_means_are_where_the_classifier_starts(runner, quick_config):
    plain, _, _ = _trained(runner, quick_config)
    changed, _, _ = _trained(runner, replace(quick_config, class_mean_init=True))
    assert changed.epochs[0].loss < plain.epochs[0].loss
    assert changed.seconds["prepare"] > 0


def test_raw_momentum_differs_after_the_switch_and_not_before(runner, quick_config):
    config = replace(quick_config, method="HBN")
    plain, weights, _ = _trained(runner, config)
    changed, raw_weights, _ = _trained(runner, replace(config, raw_momentum=True))
    assert changed.epochs[0].loss == pytest.approx(plain.epochs[0].loss, rel=1e-5)
    assert not all(
        np.allclose(one, other, rtol=1e-4, atol=1e-5)
        for one, other in zip(weights, raw_weights, strict=True)
    )


def test_the_official_recipe_is_assembled_as_it_says():
    config = RunConfig(dataset="digits", method="BN", **RECIPES["official"]["digits"])
    model = build.build_model(config, 5)
    assert not model.classifier.scale_bias
    norms = [
        layer
        for layer in model._flatten_layers()
        if isinstance(layer, keras.layers.BatchNormalization)
    ]
    assert len(norms) == 5
    assert all(type(layer) is UnbiasedBatchNormalization for layer in norms)
    optimizer = build.build_optimizer(config)
    assert isinstance(optimizer, RawMomentumSGD)
    products = RunConfig(dataset="products", method="BN", **RECIPES["official"]["products"])
    assert build.build_optimizer(products).epsilon == 0.01


def test_initial_weights_do_not_depend_on_the_moving_variance(quick_config):
    models = [
        build.build_model(replace(quick_config, unbiased_variance=unbiased), 5)
        for unbiased in (False, True)
    ]
    for ours, theirs in zip(*(model.get_weights() for model in models), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_tested_features_are_damped_on_their_own_scale(quick_config, few_digits, monkeypatch):
    config = replace(quick_config, test_epsilon=0.8)
    model = build.build_model(config, 5)
    scorer, seen = evaluator.Evaluator(model.features, few_digits, config), []

    def spy(features, labels, **options):
        seen.append((features, options["normalize"]))
        return evaluate(features, labels, **options)

    monkeypatch.setattr(evaluator, "evaluate", spy)
    scorer.score()
    raw, _ = scorer.embed(few_digits.test)
    damped = raw / np.sqrt((raw**2).sum(axis=1, keepdims=True) + 0.8 / 8)
    assert [normalize for _, normalize in seen] == [False, False]
    np.testing.assert_allclose(seen[0][0], damped, rtol=1e-5)
    np.testing.assert_array_equal(seen[1][0], raw)
