"""Records: written whole or not at all, read with a check, hits packed without loss."""

from __future__ import annotations

import json
import os

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from hsm import records


def _record(**changes):
    return {**dict.fromkeys(records.KEYS), "name": "digits-BN-0-seed0", "schema": 1, **changes}


def test_a_record_comes_back_as_it_was_written(tmp_path):
    path = records.write(_record(seed=3), tmp_path / "new" / "records")
    assert path.name == "digits-BN-0-seed0.json"
    assert records.read(path)["seed"] == 3
    assert records.read_all(path.parent) == [records.read(path)]
    assert [p.name for p in path.parent.iterdir()] == [path.name]


def test_no_records_in_a_folder_that_is_not_there(tmp_path):
    assert records.read_all(tmp_path / "absent") == []


def test_a_record_without_its_keys_is_refused(tmp_path):
    with pytest.raises(ValueError, match="Missing: name, method"):
        records.write({"schema": 1}, tmp_path)


def test_nan_is_refused_because_json_has_none(tmp_path):
    with pytest.raises(ValueError, match="JSON compliant"):
        records.write(_record(seconds=float("nan")), tmp_path)
    assert not list(tmp_path.glob("*.json"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"schema": 1, "na', "is not a record: .* Delete it to run it again"),
        ("[]", "is not a record of schema 1"),
        (json.dumps({"schema": 99}), "is not a record of schema 1"),
    ],
)
def test_what_is_no_record_is_refused_by_name(tmp_path, text, message):
    path = tmp_path / "x.json"
    path.write_text(text)
    with pytest.raises(ValueError, match=f"x.json {message}"):
        records.read(path)


@given(hnp.arrays(bool, st.integers(1, 100)))
def test_packing_hits_loses_nothing(hits):
    np.testing.assert_array_equal(records.unpack_hits(records.pack_hits(hits), len(hits)), hits)


def test_the_best_evaluation_is_the_earliest_of_the_highest():
    evaluations = [{"epoch": e, "recall": {"1": r}} for e, r in ((1, 0.5), (2, 0.7), (3, 0.7))]
    assert records.best_evaluation(evaluations)["epoch"] == 2
    assert records.best_evaluation(evaluations, after_epoch=2)["epoch"] == 3


@pytest.mark.parametrize("error", [AttributeError, ValueError, OSError])
def test_provenance_where_a_system_does_not_say_its_memory(monkeypatch, error):
    def sysconf(name):
        raise error(name)

    monkeypatch.setattr(os, "sysconf", sysconf)
    hardware = records.provenance(started="a", finished="b")["hardware"]
    assert (hardware["memory_gib"], hardware["cores"] >= 1) == (None, True)


def test_provenance_names_packages_machine_and_weights(tmp_path):
    weights = tmp_path / "weights"
    weights.write_bytes(b"abc")
    found = records.provenance(
        started="a", finished="b", weights_sha256=records.file_sha256(weights)
    )
    assert found["versions"]["numpy"] == np.__version__
    assert found["hardware"]["cores"] >= 1
    assert found["weights_sha256"].startswith("ba7816bf")
    assert records.provenance(started="a", finished="b")["weights_sha256"] is None
