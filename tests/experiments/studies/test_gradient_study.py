"""What is studied of a run is what its network says, while it trains and afterwards."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
import tensorflow as tf

from hsm.analysis import AlphaRange, GradientAssignment, SampleKind
from hsm.experiments.config.initial_weights import RANDOM
from hsm.experiments.runs.build import build_model, load_model
from hsm.experiments.runs.evaluator import Evaluator
from hsm.experiments.runs.runner import Runner
from hsm.experiments.runs.workspace import Workspace
from hsm.experiments.studies import gradient_report, gradient_study, norm_study
from hsm.experiments.studies.gradient_history import GradientHistory
from hsm.experiments.studies.gradient_study import GradientStudy, TrainingSample
from hsm.training import checkpoint


def history(source, workspace, most=1024):
    return GradientHistory(source, workspace, TrainingSample(source.train, most))


@pytest.fixture(scope="module")
def observed(tmp_path_factory, few_digits, quick_config):
    """HBN, observed at every epoch."""
    workspace = Workspace(tmp_path_factory.mktemp("observed"))
    config = replace(quick_config, method="HBN")
    found = history(few_digits, workspace)
    Runner(few_digits, workspace, report=lambda line: None, observe=found.observe).run(config)
    return found, config


def test_every_epoch_is_studied_while_it_trains(observed):
    found, config = observed
    studies = found.studies(config, initial_weights=None)
    assert [(study.epoch, study.alpha) for study in studies] == [(0, 16.0), (1, 16.0), (2, 4.0)]
    folders = {
        gradient_study.path(found.workspace, config, epoch).parent.parent for epoch in (0, 1)
    }
    assert folders == {found.workspace.shared_checkpoint(config).parent}


@pytest.mark.parametrize("initial_weights", [None, RANDOM])
def test_a_run_that_nobody_observed_is_studied_from_what_it_saved(
    observed, tmp_path, few_digits, quick_config, initial_weights
):
    with_files, config = observed
    workspace = Workspace(tmp_path)
    Runner(few_digits, workspace, report=lambda line: None).run(config)
    expected = with_files.studies(config, initial_weights=None)
    found = history(few_digits, workspace).studies(config, initial_weights)
    assert [study.epoch for study in found] == ([1, 2] if initial_weights is None else [0, 1, 2])
    for study in found:
        np.testing.assert_array_equal(study.curves.counts, expected[study.epoch].curves.counts)
        np.testing.assert_allclose(
            study.curves.features, expected[study.epoch].curves.features, rtol=1e-4
        )


def test_the_weights_of_the_middle_of_an_epoch_are_not_studied_as_those_of_an_end(
    tmp_path, few_digits, quick_config
):
    workspace, config = Workspace(tmp_path), replace(quick_config, method="HBN")
    Runner(few_digits, workspace, report=lambda line: None).run(config)
    shared = workspace.shared_checkpoint(config)
    with np.load(shared) as archive:
        arrays = dict(archive)
    progress = {
        **checkpoint.read_progress(shared),
        "interrupted": {"step": 1, "seconds": 0.5, "totals": {}},
    }
    arrays["progress.json"] = np.frombuffer(json.dumps(progress).encode(), np.uint8)
    np.savez(shared, **arrays)
    studies = history(few_digits, workspace).studies(config, initial_weights=None)
    assert [study.epoch for study in studies] == [2]


def test_observing_changes_no_weight(observed, tmp_path, few_digits):
    found, config = observed
    workspace = Workspace(tmp_path)
    Runner(few_digits, workspace, report=lambda line: None).run(config)
    with (
        np.load(workspace.checkpoint(config)) as plain,
        np.load(found.workspace.checkpoint(config)) as other,
    ):
        for key in set(plain) - {"progress.json"}:
            np.testing.assert_array_equal(plain[key], other[key], err_msg=key)


@pytest.mark.parametrize("method", ["LN", "BN", "SM"])
@pytest.mark.parametrize("scale_bias", [True, False])
def test_gradients_are_those_of_the_network(few_digits, quick_config, method, scale_bias):
    config = replace(quick_config, method=method, scale_bias=scale_bias)
    model = build_model(config, few_digits.train.num_classes)
    model.classifier.bias.assign(np.linspace(-0.2, 0.2, few_digits.train.num_classes))
    evaluator = Evaluator(model.features, few_digits, config)
    study = TrainingSample(few_digits.train, 1024).study(model, evaluator, 0)
    features, labels = evaluator.embed(few_digits.train)
    wrong = np.asarray(model.logits(features)).argmax(axis=1) != labels
    assert study.curves.counts[SampleKind.INCORRECT] == wrong.sum()
    alpha = study.curves.alphas[30]
    model.alpha = alpha
    inputs = tf.constant(features if method != "LN" else model.normalization(features))
    with tf.GradientTape() as tape:
        tape.watch(inputs)
        losses = tf.nn.sparse_softmax_cross_entropy_with_logits(
            labels=labels, logits=model.classifier(inputs)
        )
    norms = np.linalg.norm(tape.gradient(losses, inputs), axis=1)
    expected = np.quantile(norms[wrong], [0.25, 0.5, 0.75])
    np.testing.assert_allclose(study.curves.features[30, SampleKind.INCORRECT], expected, rtol=1e-3)


def test_a_sample_of_few_classes_keeps_the_classifiers_labels(few_digits, quick_config):
    model = build_model(quick_config, few_digits.train.num_classes)
    evaluator = Evaluator(model.features, few_digits, quick_config)
    images = TrainingSample(few_digits.train, 2)
    _, labels = images.features(evaluator)
    np.testing.assert_array_equal(labels, few_digits.train.labels[[0, -1]])
    assert labels[1] == few_digits.train.num_classes - 1


def test_figure_3_measures_what_equation_16_says(tmp_path, few_digits, quick_config, monkeypatch):
    workspace, config = Workspace(tmp_path), replace(quick_config, method="SM")
    images = TrainingSample(few_digits.train, 1024)
    last = norm_study.LastOfEachKind(workspace, images)
    monkeypatch.setattr(norm_study, "ENOUGH", 0)
    Runner(few_digits, workspace, report=lambda line: None, observe=last.observe).run(config)
    model, _ = load_model(workspace.run_dir(config))
    evaluator = Evaluator(model.features, few_digits, config)
    found = norm_study.study(model, evaluator, images, epoch=2)
    np.testing.assert_allclose(found.measured, found.expected, rtol=1e-3, atol=1e-6)
    kept = last.kept(config)
    assert kept.epoch == 2
    for name in ("kinds", "norms", "measured", "expected"):
        np.testing.assert_allclose(getattr(kept, name), getattr(found, name), rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(kept.curves.features, found.curves.features, rtol=1e-3, atol=1e-6)
    table = list(norm_study.rows(found))
    assert sum(row[0] == "image" for row in table) == len(few_digits.train)
    assert "nothing normalised, by the weights after epoch 2" in norm_study.render(found)


def test_figure_3_keeps_nothing_without_enough_of_each_kind(tmp_path, few_digits, quick_config):
    config = replace(quick_config, method="SM")
    last = norm_study.LastOfEachKind(Workspace(tmp_path), TrainingSample(few_digits.train, 9))
    model = build_model(config, few_digits.train.num_classes)
    last.observe(config, 0, model=model, evaluator=Evaluator(model.features, few_digits, config))
    assert last.kept(config) is None


def _study(epoch, alpha, counts, peak):
    """Boundary images whose gradient peaks at `peak`, centroid ones at a fifth of it."""
    alphas = gradient_study.ALPHAS
    boundary, centroid = (alphas / (1 + np.exp(1.278 * alphas / p)) for p in (peak, peak / 5))
    medians = np.stack([alphas, boundary, centroid], axis=1)
    features = np.repeat(medians[:, :, None], 3, axis=2)
    weights = np.ones((len(alphas), 3, 3))
    curves = GradientAssignment(alphas, np.array(counts), features, weights)
    return GradientStudy(epoch, alpha, curves)


def test_the_report_says_in_words_what_to_do(quick_config):
    config = replace(quick_config, method="HBN", epochs=2, heated_epochs=1)
    studies = [
        _study(0, 16.0, (80, 20, 0), 30.0),
        _study(1, 16.0, (20, 60, 20), 15.0),
        _study(2, 16.0, (10, 30, 60), 4.0),
        _study(3, 4.0, (0, 5, 95), 3.0),
    ]
    assert isinstance(studies[2].range, AlphaRange)
    text = gradient_report.render(studies, config)
    assert "How 100 training images of digits, HBN lie" in text
    assert "2 switch        16     10.0 %    30.0 %    60.0 %" in text
    best, peak = studies[2].range.best, studies[2].range.centroid_peak
    assert f"best {best:.2g} (after epoch 2 switch)" in text
    assert "The alpha in use there, 16, is large; it was intermediate up to epoch 1." in text
    assert f"To try: `alpha={best:.2g}` `heated_alpha={peak:.2g}`" in text
    shown = gradient_report.shown_study(studies, None)
    assert shown.epoch == 2  # The last with ten images of each kind.
    assert gradient_report.shown_study(studies, 0).epoch == 0
    with pytest.raises(ValueError, match=r"`epoch` to be one .*: 0 to 3. Received: epoch=7"):
        gradient_report.shown_study(studies, 7)


def test_the_report_without_boundary_or_centroid_images(quick_config):
    nothing = _study(2, 16.0, (50, 0, 50), 4.0)
    nothing.curves.features[:, SampleKind.BOUNDARY] = np.nan
    text = gradient_report.render([nothing], quick_config)
    assert "No boundary image was found at any measured epoch" in text
    assert "no boundary images" in text
    few = _study(2, 16.0, (50, 45, 5), 4.0)
    assert "too few centroid images" in gradient_report.render([few], quick_config)
    rows = list(gradient_report.curve_rows(nothing))
    assert dict(zip(rows[0], rows[1], strict=True))["feature_boundary_median"] == ""
    header, row = gradient_report.share_rows([nothing])
    assert dict(zip(header, row, strict=True))["intermediate_best"] == ""
