"""What computed a run, and how a change within it is told."""

from __future__ import annotations

from dataclasses import replace

from support.record_factory import make_record

from hsm.experiments.runs.made_with import changes, continuations, made_with, makers

OLD = make_record("BN").provenance
PROVENANCE = replace(
    OLD, environment={"intra_op_threads": 2, "variables": {"OMP_NUM_THREADS": "1"}}
)


def test_times_and_weights_compute_nothing():
    others = {"weights_sha256", "started", "finished"}
    assert made_with(PROVENANCE).keys() == PROVENANCE.to_json().keys() - others
    assert makers(PROVENANCE) == [made_with(PROVENANCE)]


def test_an_old_record_has_one_maker_without_environment():
    assert makers(OLD) == [made_with(OLD)]
    assert "environment" not in made_with(OLD)
    assert continuations(makers(OLD)) == []


def test_a_change_names_what_was_and_what_is():
    before = {"after_epoch": 0, "after_step": 0, **made_with(PROVENANCE)}
    environment = {"intra_op_threads": 1, "variables": {"XLA_FLAGS": "x"}}
    after = {**before, "after_epoch": 3, "after_step": 0, "environment": environment}
    words = "intra_op_threads 1 (2 before), XLA_FLAGS x (unset before), "
    words += "OMP_NUM_THREADS unset (1 before)"
    assert changes(before, after) == words
    assert continuations([before, after]) == [f"after epoch 3: {words}"]
    assert changes(before, {**before, "after_epoch": 7}) == ""


def test_what_an_older_version_computed_with_is_not_known():
    unknown = {"after_epoch": 0, "after_step": 0}
    after = {"after_epoch": 3, "after_step": 0, **made_with(PROVENANCE)}
    assert changes(unknown, after) == ""
    assert continuations([unknown, after]) == ["after epoch 3: what computed before is not known"]
