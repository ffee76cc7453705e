"""What computed a run, and how a change within it is told."""

from __future__ import annotations

from hsm.experiments.runs.made_with import changes, continuations, made_with, makers

PROVENANCE = {
    "commit": "abc",
    "dirty": False,
    "python": "3.11.7",
    "versions": {"keras": "3.15.1"},
    "hardware": {"cpu": "a processor", "cores": 2},
    "environment": {"intra_op_threads": 2, "variables": {"OMP_NUM_THREADS": "1"}},
    "weights_sha256": "123",
    "started": "now",
    "finished": "then",
}


def test_times_and_weights_compute_nothing():
    assert made_with(PROVENANCE).keys() == PROVENANCE.keys() - {
        "weights_sha256",
        "started",
        "finished",
    }
    assert makers(PROVENANCE) == [made_with(PROVENANCE)]


def test_an_old_record_has_one_maker_without_environment():
    old = {key: value for key, value in PROVENANCE.items() if key != "environment"}
    assert makers(old) == [made_with(old)]
    assert continuations(makers(old)) == []


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
