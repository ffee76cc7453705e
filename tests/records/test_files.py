"""Records as files: written whole or not at all, read with a check that names file and place."""

from __future__ import annotations

import json
import os
from dataclasses import replace

import numpy as np
import pytest
from support.record_factory import changed, make_evaluation, make_record

from hsm import records
from hsm.experiments.config import run_record

NAME = "digits-BN-1a2b3c4d-seed0"


def written(tmp_path, change):
    """The file of a record whose JSON values `change` was called with."""
    content = make_record("BN").to_json()
    change(content)
    path = tmp_path / "x.json"
    path.write_text(json.dumps(content))
    return path


def test_a_record_comes_back_as_it_was_written(tmp_path):
    path = records.write(make_record("BN"), tmp_path / "new" / "records")
    assert path.name == f"{NAME}.json"
    assert run_record.read(path) == make_record("BN")
    assert run_record.read_all(path.parent) == [run_record.read(path)]
    assert [p.name for p in path.parent.iterdir()] == [path.name]


def test_without_a_reader_the_settings_are_json_values(tmp_path):
    path = records.write(make_record("BN"), tmp_path)
    (record,) = records.read_all(tmp_path)
    assert record.config == make_record("BN").config.to_json()
    assert records.write(record, tmp_path / "again").read_bytes() == path.read_bytes()


def test_the_keys_are_those_of_the_file():
    assert tuple(make_record("BN").to_json()) == records.KEYS


def test_no_records_in_a_folder_that_is_not_there(tmp_path):
    assert records.read_all(tmp_path / "absent") == []


def test_nan_is_refused_because_json_has_none(tmp_path):
    record = changed(make_record("BN"), "seconds.train", float("nan"))
    with pytest.raises(
        ValueError, match=rf"{NAME}: .* can be written. Received: seconds.train: .*nan"
    ):
        records.write(record, tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_record_is_not_written_outside_of_its_folder(tmp_path):
    with pytest.raises(ValueError, match=r"name: expected a name without slash"):
        records.write(replace(make_record("BN"), name="../elsewhere"), tmp_path / "records")
    assert not list(tmp_path.rglob("*.json"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"schema": 1, "na', "Unterminated string.*Delete it to run it again"),
        ("", "Expecting value"),
        ("[]", r"the whole: expected an object with a schema. Received: \[\]"),
        ("{}", "the whole: expected an object with a schema"),
        (json.dumps({"schema": 99}), "schema: expected 1. Received: 99.*update hsm-embedding"),
        (json.dumps({"schema": True}), "expected an object with a schema"),
        (json.dumps({"schema": 1}), "the whole: expected the keys name, method, .* too"),
        ("[" * 100_000, "maximum recursion depth exceeded"),
        ('{"schema": 1' + "0" * 5000 + "}", ".*digits"),
    ],
)
def test_what_is_no_record_is_refused_by_name(tmp_path, text, message):
    path = tmp_path / "x.json"
    path.write_text(text)
    with pytest.raises(ValueError, match=rf"x.json: expected a record .*: {message}"):
        records.read(path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda r: r["final"]["recall"].update({"1": 17}),
            "final.recall.1: .* 0 to 1. Received: 17",
        ),
        (
            lambda r: r["final"]["recall"].update({"one": 1}),
            "final.recall: .* whole numbers.*'one'",
        ),
        (lambda r: r["final"].update(recall={}), "final: expected a recall or an accuracy"),
        (lambda r: r["final"].pop("nmi_geometric"), "final: expected the keys nmi_geometric too"),
        (lambda r: r["evaluations"][2].update(epoch="3"), r"evaluations\[2\].epoch: .*'3'"),
        (lambda r: r["evaluations"][0].update(nmi_arithmetic=-0.1), r"\[0\].nmi_arithmetic: "),
        (lambda r: r["epochs"][0].update(loss=float("nan")), r"epochs\[0\].loss: .*Received: nan"),
        (lambda r: r["epochs"][0].update(alpha=float("inf")), r"epochs\[0\].alpha: .*inf"),
        (lambda r: r["epochs"][0].update(accuracy=True), r"epochs\[0\].accuracy: .*True"),
        (lambda r: r["epochs"][0].update(epoch=10**30), r"epochs\[0\].epoch: "),
        (lambda r: r.update(epochs={}), "epochs: expected a list. Received: {}"),
        (lambda r: r.update(data=None), "data: expected an object. Received: None"),
        (lambda r: r.update(seed=1.5), "seed: expected a whole number. Received: 1.5"),
        (lambda r: r.update(seed=1), "config.seed: expected 1 as outside of it. Received: 0"),
        (lambda r: r.update(method="SM"), "config.method: expected 'SM' .*Received: 'BN'"),
        (lambda r: r["data"].update(name="a/b"), "data.name: expected a name without slash"),
        (lambda r: r["data"].update(name="\ud800"), "data.name: expected text"),
        (lambda r: r.update(name="n" * 230), "name: expected a name .* at most 220 bytes"),
        (lambda r: r["hits"]["final"].update({"1": "AA=="}), "hits.final.1: .*num_queries=40"),
        (lambda r: r["hits"]["final"].update({"1": "A"}), "hits.final.1: "),
        (lambda r: r["hits"].update(switch={"1": ["AA=="]}), "hits.switch.1: expected text"),
        (lambda r: r["provenance"].update(versions=["1"]), "provenance.versions: .*an object"),
    ],
)
def test_what_does_not_fit_is_refused_with_its_place(tmp_path, change, message):
    path = written(tmp_path, change)
    with pytest.raises(
        ValueError, match=rf"x.json: expected a record .*{message}.*Delete it to run"
    ):
        records.read(path)


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"alpha": "16"}, "config: alpha: expected a finite number. Received: '16'"),
        ({"ks": 4}, "config: ks: expected a list. Received: 4"),
        ({"eval_every": 0}, "config: expected eval_every to be 1 or more"),
        ({"temperature": 1}, "config: .*only keys that this version knows; 'temperature' is not"),
        (
            {"epochs": 10**12},
            "config: expected epochs and heated_epochs to be 100000 or fewer together",
        ),
        ({"ks": [2**60]}, r"config.ks\[0\]: expected a whole number"),
    ],
)
def test_settings_that_are_not_those_of_a_run_are_refused(tmp_path, setting, message):
    path = written(tmp_path, lambda record: record["config"].update(setting))
    with pytest.raises(
        ValueError, match=rf"x.json: expected a record .*{message}.*Delete it to run"
    ):
        run_record.read(path)


def test_keys_of_a_newer_version_are_kept(tmp_path):
    def add(record):
        record["later"] = {"a": [1, None, "ä"]}
        for part in ("data", "provenance", "final", "hits"):
            record[part]["later"] = part
        record["provenance"]["hardware"]["later"] = 0.5
        record["data"]["test"]["later"] = True
        record["epochs"][0]["later"] = [{}]

    path = written(tmp_path, add)
    record = run_record.read(path)
    assert record.further == {"later": {"a": [1, None, "ä"]}}
    assert record.data.further == {"later": "data"}
    again = json.loads(records.write(record, tmp_path / "again").read_bytes())
    assert again == json.loads(path.read_bytes())


def test_further_keys_are_no_way_around_the_check(tmp_path):
    for value in (float("nan"), "\ud800", {"\ud800": 1}, eval("[" * 40 + "]" * 40)):
        path = written(tmp_path, lambda record, value=value: record.update(later=value))
        with pytest.raises(ValueError, match=r"later"):
            records.read(path)


def test_names_of_files_that_are_no_utf_8_come_back(tmp_path):
    """Python keeps such bytes of a folder's name as single surrogates."""
    record = changed(
        make_record("BN"), "data.excluded_seen", (b"caf\xe9".decode(errors="surrogateescape"),)
    )
    assert run_record.read(records.write(record, tmp_path)) == record


def test_the_best_evaluation_is_the_earliest_of_the_highest():
    rows = [
        replace(make_evaluation("BN", 0, epoch), recall={2: 0.9, 1: recall})
        for epoch, recall in ((1, 0.5), (2, 0.7), (3, 0.7))
    ]
    assert records.best_evaluation(rows).epoch == 2
    assert records.best_evaluation(rows, after_epoch=2).epoch == 3
    rows[0] = replace(rows[0], accuracy=0.8)
    assert records.best_evaluation(rows).epoch == 1


def test_provenance_names_packages_machine_and_weights(tmp_path):
    weights = tmp_path / "weights"
    weights.write_bytes(b"abc")
    found = records.provenance(
        started="a", finished="b", weights_sha256=records.file_sha256(weights)
    )
    assert found.versions["numpy"] == np.__version__
    assert found.hardware.cores >= 1
    assert found.weights_sha256.startswith("ba7816bf")
    assert records.provenance(started="a", finished="b").weights_sha256 is None


@pytest.mark.parametrize("error", [AttributeError, ValueError, OSError])
def test_provenance_where_a_system_does_not_say_its_memory(monkeypatch, error):
    def sysconf(name):
        raise error(name)

    monkeypatch.setattr(os, "sysconf", sysconf)
    hardware = records.provenance(started="a", finished="b").hardware
    assert (hardware.memory_gib, hardware.cores >= 1) == (None, True)
