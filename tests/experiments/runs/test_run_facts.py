"""What a model card says of a run is what its record says."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import pytest
from support.record_factory import QUERIES
from support.record_factory import make_record as made_up_record

from hsm import records
from hsm.experiments.runs.run_facts import run_facts


def make_record(method, **config):
    record = made_up_record(method, **config)
    return replace(record, name=record.config.name)


def facts_of(tmp_path, record, *, write=True, **arguments):
    if write:
        records.write(record, tmp_path / "records")
    return run_facts(record.config, tmp_path / "runs" / record.name, **arguments)


def test_scores_are_those_of_the_record_after_the_last_epoch(tmp_path):
    record = make_record("HBN")
    facts = facts_of(tmp_path, record, score_notes=["a note"])
    recall = facts.scores["recall"]
    assert {int(k): row["value"] for k, row in recall.items()} == record.final.recall
    assert all(0 <= row["low"] < row["value"] < row["high"] <= 1 for row in recall.values())
    assert (facts.scores["queries"], facts.scores["notes"]) == (QUERIES, ["a note"])
    assert facts.scores["of"] == "classes that were not trained on"
    path = tmp_path / "records" / f"{record.name}.json"
    assert facts.scores["record_sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert facts.record == path.read_text(encoding="utf-8")
    assert (facts.method, facts.run) == ("HBN", record.name)
    assert facts.training["commit"] == record.provenance.commit
    assert facts.data["train"]["images"] == record.data.train.images
    assert facts.licences["training_images"].startswith("CC BY 4.0")


def test_without_a_record_there_are_no_scores(tmp_path):
    facts = facts_of(tmp_path, make_record("BN"), write=False)
    assert (facts.scores, facts.record) == ({}, None)
    assert facts.data == {"name": "digits", "split": "zero_shot"}
    assert "commit" not in facts.training
    assert "heated_alpha" not in facts.training


def test_a_score_of_the_training_classes_is_called_that(tmp_path):
    facts = facts_of(tmp_path, make_record("BN", split="all"))
    assert facts.scores["of"].startswith("the training images themselves")


def test_weights_that_it_started_from_have_their_own_licence(tmp_path):
    record = make_record("BN", backbone="googlenet", weights="bvlc_googlenet.caffemodel")
    assert (
        facts_of(tmp_path, record)
        .licences["initial_weights"]
        .startswith("those of bvlc_googlenet.caffemodel")
    )


def test_a_damaged_record_is_an_error(tmp_path):
    record = make_record("BN")
    (tmp_path / "records").mkdir()
    (tmp_path / "records" / f"{record.name}.json").write_text("{")
    with pytest.raises(ValueError, match="expected a record that this version of hsm reads"):
        facts_of(tmp_path, record, write=False)
