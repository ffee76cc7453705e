"""A configuration becomes a record: complete, found again, heated from the shared trunk."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from hsm import records
from hsm.data.sources import load_source
from hsm.data.sources.source import ImageSource
from hsm.experiments.config import run_record
from hsm.experiments.runs import diagnostics, environment
from hsm.experiments.runs.build import load_model
from hsm.experiments.runs.evaluator import Evaluator
from hsm.experiments.runs.runner import Runner
from hsm.experiments.runs.workspace import Workspace
from hsm.records import PartCounts


@pytest.fixture(scope="module")
def finished(tmp_path_factory, few_digits, quick_config):
    """BN and HBN, run once for this module."""
    workspace, said = Workspace(tmp_path_factory.mktemp("results")), []
    runner = Runner(few_digits, workspace, report=said.append)
    configs = {method: replace(quick_config, method=method) for method in ("BN", "HBN")}
    return workspace, configs, {m: runner.run(c) for m, c in configs.items()}, said


def _arrays(path):
    with np.load(path) as archive:
        return {key: archive[key] for key in archive if key != "progress.json"}


def test_the_record_holds_what_the_schema_says(finished, few_digits):
    workspace, configs, found, _ = finished
    record = found["HBN"]
    assert record == run_record.read(workspace.records_dir / f"{configs['HBN'].name}.json")
    assert record.data.test == PartCounts(images=len(few_digits.test), classes=5)
    assert record.data.checksum == few_digits.checksum()
    assert record.data.turned == 0
    assert [(e.epoch, e.alpha) for e in record.epochs] == [(1, 16.0), (2, 4.0)]
    assert [e.epoch for e in record.evaluations] == [1, 2]
    assert record.switch == record.evaluations[0]
    assert record.final == record.evaluations[-1]
    assert record.final.num_queries == len(few_digits.test)
    assert record.unnormalized.epoch == 2
    assert str(workspace.output_dir) not in str(record)
    assert record.provenance.environment == environment.describe()
    assert record.provenance.trained_with is None


def test_hits_agree_with_the_recalls(finished):
    _, _, found, _ = finished
    for record in found.values():
        for stage in ("switch", "final"):
            for k, recall in record.stage(stage).recall.items():
                packed = getattr(record.hits, stage)[str(k)]
                hits = records.unpack_hits(packed, record.stage(stage).num_queries)
                assert hits.mean() == pytest.approx(recall)
        for key in ("r_precision", "map_at_r"):
            scores = record.final_scores(key)
            assert scores.mean() == pytest.approx(getattr(record.final, key), abs=1e-5)


def test_heating_shares_the_trunk_and_trains_as_long(finished):
    _, _, found, _ = finished
    plain, heated = found["BN"], found["HBN"]
    assert plain.epochs[0] == heated.epochs[0]
    assert plain.switch == heated.switch
    assert len(plain.epochs) == len(heated.epochs)
    assert plain.epochs[1].alpha == 16.0


def test_the_branch_equals_a_run_without_a_trunk_to_share(
    finished, tmp_path, few_digits, quick_config
):
    workspace, configs, found, _ = finished
    alone = Workspace(tmp_path)
    config = replace(quick_config, method="HBN")
    record = Runner(few_digits, alone, report=lambda line: None).run(config)
    assert record.final.recall == found["HBN"].final.recall
    shared, own = (_arrays(w.checkpoint(configs["HBN"])) for w in (workspace, alone))
    assert shared.keys() == own.keys()
    for key, value in shared.items():
        np.testing.assert_array_equal(value, own[key], err_msg=key)


def test_a_finished_run_is_not_run_again(finished, few_digits):
    workspace, configs, found, _ = finished
    said = []
    again = Runner(few_digits, workspace, report=said.append).run(configs["BN"])
    assert again == found["BN"]
    assert said == [f"digits BN seed 0: recorded already, {configs['BN'].name}"]


def test_a_run_that_goes_on_with_other_threads_says_so_and_records_both(
    finished, few_digits, quick_config, monkeypatch
):
    workspace, _, found, _ = finished
    before, said = found["BN"].provenance.environment, []
    threads = before["intra_op_threads"]
    other = {**before, "intra_op_threads": threads + 1}
    monkeypatch.setattr(environment, "describe", lambda: other)
    config = replace(quick_config, method="HBN", heated_alpha=8.0)
    provenance = Runner(few_digits, workspace, report=said.append).run(config).provenance
    assert said[0] == (
        f"digits HBN seed 0: continues after epoch 1, with intra_op_threads {threads + 1} "
        f"({threads} before): other numbers than without the change"
    )
    assert provenance.environment == other
    shared, own = provenance.trained_with
    assert (shared["after_epoch"], shared["environment"]) == (0, before)
    assert (own["after_epoch"], own["environment"]) == (1, other)
    assert own["commit"] == provenance.commit


def test_a_record_of_other_images_is_refused(finished):
    workspace, configs, _, _ = finished
    other = load_source("digits", limit=40)
    with pytest.raises(ValueError, match="is of. Received: those of digits now"):
        Runner(other, workspace).run(configs["BN"])


def test_a_record_from_before_images_were_turned_is_refused_if_some_are(
    finished, few_digits, monkeypatch
):
    workspace, configs, found, _ = finished
    early = replace(found["BN"], data=replace(found["BN"].data, turned=None))
    monkeypatch.setattr(Workspace, "record", lambda *_: early)
    runner = Runner(few_digits, workspace, report=lambda line: None)
    assert runner.run(configs["BN"]) == early
    monkeypatch.setattr(ImageSource, "turned", lambda _: 3)
    with pytest.raises(ValueError, match=r"an earlier version, to which 3 images of digits"):
        runner.run(configs["BN"])


def test_a_checkpoint_from_before_images_were_turned_is_refused_if_some_are(
    finished, few_digits, quick_config, monkeypatch
):
    workspace, _, _, _ = finished
    config = replace(quick_config, method="HBN", heated_alpha=2.0)
    monkeypatch.setattr(ImageSource, "turned", lambda _: 3)
    with pytest.raises(ValueError, match="to be of the images and first weights given now"):
        Runner(few_digits, workspace).run(config)


def test_state_of_other_images_is_refused(finished, quick_config):
    workspace, _, _, _ = finished
    config = replace(quick_config, method="HBN", heated_alpha=2.0)
    with pytest.raises(ValueError, match="to be of the images and first weights given now"):
        Runner(load_source("digits", limit=40), workspace).run(config)


def test_the_saved_weights_give_the_recorded_metrics(finished, few_digits):
    workspace, configs, found, _ = finished
    model, config = load_model(workspace.run_dir(configs["HBN"]))
    assert config == configs["HBN"]
    scores = Evaluator(model.features, few_digits, config).score()
    assert scores["recall"] == found["HBN"].final.to_json()["recall"]


def test_an_unfinished_run_cannot_be_loaded(finished, tmp_path, quick_config):
    workspace = Workspace(tmp_path)
    workspace.write_run_file(quick_config, ("a", "b"))
    with pytest.raises(ValueError, match=r"a finished run. Received: one without checkpoint\.npz"):
        load_model(workspace.run_dir(quick_config))


def test_csv_files_stand_beside_the_record_and_are_made_up_for(finished, few_digits):
    workspace, configs, _, _ = finished
    stem = workspace.records_dir / configs["HBN"].name
    paths = {kind: diagnostics.path(stem, kind) for kind in diagnostics.KINDS}
    assert diagnostics.exist(stem)
    before = {kind: path.read_text() for kind, path in paths.items()}
    paths["feature_norms"].unlink()
    Runner(few_digits, workspace, report=lambda line: None).run(configs["HBN"])
    assert {kind: path.read_text() for kind, path in paths.items()} == before


def test_what_the_csv_files_hold(finished, few_digits):
    workspace, configs, _, _ = finished
    stem = workspace.records_dir / configs["HBN"].name
    tables = {
        kind: np.genfromtxt(diagnostics.path(stem, kind), delimiter=",", skip_header=1)
        for kind in diagnostics.KINDS
    }
    widths = tables["cosine_histograms"][:, 1] - tables["cosine_histograms"][:, 0]
    integrals = (tables["cosine_histograms"][:, 2:] * widths[:, None]).sum(axis=0)
    np.testing.assert_allclose(integrals, 1.0, atol=1e-3)
    model, config = load_model(workspace.run_dir(configs["HBN"]))
    evaluator = Evaluator(model.features, few_digits, config)
    for column, split in ((1, few_digits.train), (2, few_digits.test)):
        norms = np.linalg.norm(evaluator.embed(split)[0], axis=1)
        quantiles = np.quantile(norms, np.linspace(0, 1, 101))
        np.testing.assert_allclose(tables["feature_norms"][:, column], quantiles, rtol=1e-4)


def test_every_csv_file_beside_a_record_is_read(finished):
    """Some that nothing showed filled half of the records' folder."""
    workspace, *_ = finished
    written = {path.name.rsplit(".", 2)[1] for path in workspace.records_dir.glob("*.csv")}
    assert written == set(diagnostics.KINDS)
    committed = (Path(__file__).resolve().parents[3] / "experiments" / "records").rglob("*.csv")
    assert {path.name.rsplit(".", 2)[1] for path in committed} == set(diagnostics.KINDS)


def test_samples_are_spread_over_the_split(few_digits):
    np.testing.assert_array_equal(diagnostics.evenly_spaced(5, 3), [0, 2, 4])
    np.testing.assert_array_equal(diagnostics.evenly_spaced(2, 9), [0, 1])
    part = diagnostics.sample(few_digits.train, 3)
    assert len(part) == 3
    np.testing.assert_array_equal(part.images[0], few_digits.train.images[0])
    assert [part.class_names[i] for i in part.labels] == [
        few_digits.train.class_names[few_digits.train.labels[i]]
        for i in diagnostics.evenly_spaced(len(few_digits.train), 3)
    ]
