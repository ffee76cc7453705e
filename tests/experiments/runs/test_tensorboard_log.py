"""What TensorBoard is told of a run, read back: complete, once, and no part of the run."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from visual.test_event_log import points_of

from hsm.experiments.runs.build import load_model
from hsm.experiments.runs.runner import Runner
from hsm.experiments.runs.workspace import Workspace

HISTOGRAMS = {"classifier/kernel", "classifier/weight_norms", "test/feature_norms"}


def run_all(workspace, source, config, **options):
    runner = Runner(source, workspace, report=lambda line: None, **options)
    return [runner.run(replace(config, method=method)) for method in ("BN", "HBN")]


@pytest.fixture(scope="module")
def logged(tmp_path_factory, few_digits, quick_config):
    workspace = Workspace(tmp_path_factory.mktemp("logged"))
    records = run_all(workspace, few_digits, quick_config, tensorboard=True)
    return workspace, records


def test_curves_are_those_of_the_record(logged, quick_config):
    workspace, records = logged
    for record in records:
        found = points_of(workspace.output_dir / "tensorboard" / record.name)
        for epoch in record.epochs:
            step = epoch.epoch
            assert found["train/loss", step] == np.float32(epoch.loss)
            assert found["train/accuracy", step] == np.float32(epoch.accuracy)
            assert found["schedule/alpha", step] == epoch.alpha
            assert found["schedule/learning_rate", step] == np.float32(epoch.learning_rate)
            assert ("train/images_per_second", step) in found
        for evaluation in record.evaluations:
            step = evaluation.epoch
            assert found["test/recall_at_1", step] == np.float32(evaluation.recall[1])
            assert found["test/nmi_arithmetic", step] == np.float32(evaluation.nmi_arithmetic)


def test_histograms_are_of_the_final_weights_and_features(logged, few_digits, quick_config):
    workspace, records = logged
    for record in records:
        directory = workspace.output_dir / "runs" / record.name
        model, _ = load_model(directory)
        found = points_of(workspace.output_dir / "tensorboard" / record.name)
        kernel = np.asarray(model.classifier.kernel, np.float64)
        np.testing.assert_array_equal(
            found["classifier/kernel", 2][:, 2], np.histogram(kernel, 30)[0]
        )
        norms = np.linalg.norm(kernel, axis=0)
        assert found["classifier/mean_weight_norm", 2] == pytest.approx(norms.mean(), rel=1e-5)
        assert found["test/feature_norms", 2][:, 2].sum() == len(few_digits.test)
        assert {name for name, step in found if step == 2} >= HISTOGRAMS


def test_the_projector_holds_the_test_embeddings(logged, few_digits):
    workspace, records = logged
    directory = workspace.output_dir / "tensorboard" / records[1].name
    vectors = np.loadtxt(directory / "vectors.tsv", delimiter="\t")
    assert vectors.shape == (len(few_digits.test), 8)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-4)
    classes = [row.split("\t")[0] for row in (directory / "metadata.tsv").read_text().splitlines()]
    assert classes[1:] == [few_digits.test.class_names[label] for label in few_digits.test.labels]


def test_started_again_it_adds_nothing(logged, few_digits, quick_config):
    workspace, _ = logged
    folder = workspace.output_dir / "tensorboard"
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    run_all(workspace, few_digits, quick_config, tensorboard=True)
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before


def test_without_the_flag_nothing_is_written_and_the_run_is_the_same(
    logged, tmp_path, few_digits, quick_config
):
    plain = run_all(Workspace(tmp_path), few_digits, quick_config)
    assert not (tmp_path / "tensorboard").exists()
    for record, other in zip(plain, logged[1], strict=True):
        assert record.name == other.name
        assert record.config == other.config
        assert record.hits == other.hits
    # A finished run is told of afterwards, as far as its record knows.
    run_all(Workspace(tmp_path), few_digits, quick_config, tensorboard=True)
    found = points_of(tmp_path / "tensorboard" / plain[1].name)
    assert {step for name, step in found if name == "train/loss"} == {1, 2}
    assert {name for name, step in found if step == 2} >= HISTOGRAMS


def test_resumed_after_an_epoch_every_point_is_there_once(tmp_path, few_digits, quick_config):
    config = replace(quick_config, epochs=2, heated_epochs=0)
    workspace = Workspace(tmp_path)

    class Stop(Exception):
        pass

    def stop(line):
        if "epoch 1:" in line:
            raise Stop

    # Evaluated, but neither logged nor saved: the evaluation is done again.
    with pytest.raises(Stop):
        Runner(few_digits, workspace, report=stop, tensorboard=True, verbose=True).run(config)
    record = Runner(few_digits, workspace, report=lambda line: None, tensorboard=True).run(config)
    found = points_of(tmp_path / "tensorboard" / record.name)
    for name in ("train/loss", "test/recall_at_1", "classifier/kernel", "test/feature_norms"):
        assert {step for other, step in found if other == name} == {1, 2}
