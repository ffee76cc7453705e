"""`tools/benchmark.py --check` on made-up records: what falls is told from what scatters."""

from __future__ import annotations

import json

import benchmark
import pytest
from benchmarks import check
from benchmarks.cases import HSM

MACHINE = {"hardware": {"cpu": "a", "cores": 2}, "instructions": ["avx2"], "held_to": None}


def record(ratios, machine=MACHINE, **settings):
    """Hsm `ratios[i]` times as fast as PyTorch in turn i."""

    def turn(rate):
        return {"amount": rate, "wall": 1.0, "processor": 1.0, "peak": 1}

    sides = {HSM: [turn(20.0 * r) for r in ratios], "PyTorch": [turn(20.0) for _ in ratios]}
    settings = {"precision": "float32", "steps": 5, "batch_size": 32, **settings}
    case = {"case": "train", "settings": settings, "sides": sides, "left_out": {}}
    return {"machine": machine, "cases": [case]}


COMMITTED = record([1.60, 1.61, 1.59])


def test_a_ratio_that_fell_is_named_with_both():
    (line,) = check.fallen(record([1.4, 1.41, 1.39]), COMMITTED)
    assert "training step" in line
    assert "1.40 × PyTorch, where 1.60 is committed and 1.52 would do" in line


@pytest.mark.parametrize("ratios", [[1.55, 1.54, 1.56], [1.6, 1.6, 1.6], [2.5, 2.4, 2.6]])
def test_what_scatters_and_what_rises_does_not_fail(ratios):
    assert check.fallen(record(ratios), COMMITTED) == []


def test_the_band_is_as_wide_as_the_turns_scatter():
    calm, wild = record([1.4, 1.4, 1.4]), record([1.1, 1.4, 1.8])
    narrow = check.band(calm["cases"][0], COMMITTED["cases"][0], ["PyTorch"])
    wide = check.band(wild["cases"][0], COMMITTED["cases"][0], ["PyTorch"])
    assert narrow == check.LEAST
    assert wide > 0.3
    assert check.fallen(calm, COMMITTED)
    assert check.fallen(wild, COMMITTED) == []


def test_more_turns_narrow_the_band():
    few, many = record([1.3, 1.5]), record([1.3, 1.5] * 8)
    of = [check.band(r["cases"][0], r["cases"][0], ["PyTorch"]) for r in (few, many)]
    assert of[1] < of[0] / 2


def test_other_work_is_not_compared():
    slow = record([1.0, 1.0, 1.0], batch_size=8)
    assert check.fallen(slow, COMMITTED) == []
    assert check.fallen(record([1.0, 1.0, 1.0], steps=2), COMMITTED)


@pytest.mark.parametrize(
    ("change", "same"),
    [
        ({}, True),
        ({"instructions": None}, True),  # As in records from before they were named.
        ({"instructions": ["avx2", "avx512f"]}, False),
        ({"held_to": "AVX2"}, False),
        ({"hardware": {"cpu": "b", "cores": 2}}, False),
        ({"hardware": {"cpu": "a", "cores": 4}}, False),
    ],
)
def test_the_kind_of_a_machine(change, same):
    assert check.same_kind(MACHINE, {**MACHINE, **change}) is same


@pytest.mark.parametrize(
    ("ratios", "cpu", "status", "said"),
    [
        ([1.6, 1.6, 1.6], "a", 0, "no ratio has fallen"),
        ([1.0, 1.0, 1.0], "a", 1, "1.00 × PyTorch"),
        ([1.0, 1.0, 1.0], "b", 2, "holds no record of this kind"),
    ],
)
def test_the_exit_status_says_it(tmp_path, capsys, ratios, cpu, status, said):
    records, measured = tmp_path / "records", tmp_path / "new.json"
    records.mkdir()
    (records / "a.json").write_text(json.dumps(COMMITTED))
    (records / "growth.json").write_text(json.dumps({"machine": MACHINE, "recall": []}))
    machine = {**MACHINE, "hardware": {"cpu": cpu, "cores": 2}}
    measured.write_text(json.dumps(record(ratios, machine)))
    where = [f"--records={records}", f"--json={measured}"]
    assert benchmark.main(["--check", "--only=", *where]) == status
    assert said in capsys.readouterr().out
