"""The whole command: smoke, plan, and that kill -9 leaves no trace in the weights."""

from __future__ import annotations

import json
import signal
import time

import numpy as np
import pytest
from support.driver_process import kill_after, run

KILLED = (
    "--verbose",
    "--dataset=digits",
    "--methods=HBN",
    "--smoke",
    "--epochs=1",
    "--batch_size=4",
    "--embedding_dim=8",
)


def test_smoke_writes_tables_plots_and_records_within_seconds(tmp_path):
    start = time.perf_counter()
    result = run("table1", "--smoke", f"--output_dir={tmp_path}")
    seconds = time.perf_counter() - start
    assert result.returncode == 0, result.stderr
    assert result.stderr == ""
    for method in ("SM", "LN at switch", "LN", "HLN", "BN at switch", "BN", "HBN"):
        assert f"\n{method} " in result.stdout
    assert "64 images of 16 classes are tested" in result.stdout
    assert {path.name for path in (tmp_path / "smoke").glob("*.*")} >= {
        "table1.md",
        "table1.csv",
        "table1.tex",
        "learning_curves_letters.png",
        "learning_curves_letters.pdf",
    }
    assert len(list((tmp_path / "smoke" / "records").glob("*.json"))) == 5
    # 15 s on two idle cores; the test shares them.
    assert seconds < 60, f"--smoke took {seconds:.0f} s"
    again = run("table1", "--smoke", "--verbose", f"--output_dir={tmp_path}")
    assert again.stdout.count(": recorded already, ") == 5
    assert "epoch 1/2" not in again.stdout


def test_dry_run_prints_counts_plan_and_time_and_writes_nothing(tmp_path):
    result = run(
        "table1", "--dataset=digits", "--dry_run", "--seeds=0,1", f"--output_dir={tmp_path / 'out'}"
    )
    assert result.returncode == 0, result.stderr
    assert "901 images of 5 classes train, 896 images of 5 classes test" in result.stdout
    assert "10 runs (SM, LN, BN, HLN, HBN; seed 0, 1), 0 of them recorded already" in result.stdout
    # Per seed three trunks of 40 epochs and five ends of 10, each epoch 29 steps.
    assert "340 epochs to train, 9860 steps of " in result.stdout
    assert "about 0 h " in result.stdout
    assert not (tmp_path / "out").exists()


def _final_arrays(output_dir):
    (path,) = output_dir.glob("smoke/runs/*/checkpoint.npz")
    with np.load(path) as archive:
        return {key: archive[key] for key in archive if key != "progress.json"}


@pytest.mark.parametrize(
    ("number", "status", "word"),
    [(signal.SIGTERM, 143, "terminated"), (signal.SIGINT, 130, "interrupted")],
)
def test_a_signal_is_answered_in_a_sentence_and_its_own_status(tmp_path, number, status, word):
    """While an epoch after the switch is scored, when the switch's own state is another run's."""
    flags = (*KILLED, "--methods=BN,HBN", "--heated_epochs=2", f"--output_dir={tmp_path}")
    ended, errors = kill_after("table1", "BN seed 0 epoch 2/3", *flags, number=number)
    assert ended == status
    assert errors.splitlines()[-1] == (
        f"error: {word}; digits BN seed 0 is saved after epoch 2 and what was begun of the next: "
        "the same command goes on from there"
    )
    assert run("table1", *flags).returncode == 0


def _metrics(output_dir):
    (path,) = output_dir.glob("smoke/records/*.json")
    record = json.loads(path.read_text())
    losses = [epoch["loss"] for epoch in record["epochs"]]
    return losses, [evaluation["recall"] for evaluation in record["evaluations"]], record["hits"]


@pytest.mark.parametrize("moments", [("epoch 1/2", "epoch 2/2"), ("epoch 1: ",)])
def test_killed_and_started_again_it_ends_with_identical_weights(tmp_path, uninterrupted, moments):
    flags = (*KILLED, f"--output_dir={tmp_path}")
    for moment in moments:
        kill_after("table1", moment, *flags)
    assert not list(tmp_path.glob("smoke/records/*.json"))
    result = run("table1", *flags)
    assert result.returncode == 0, result.stderr
    assert "continues after epoch" in result.stdout
    expected, found = _final_arrays(uninterrupted), _final_arrays(tmp_path)
    assert expected.keys() == found.keys()
    for key, value in expected.items():
        np.testing.assert_array_equal(value, found[key], err_msg=key)
    assert _metrics(uninterrupted) == _metrics(tmp_path)


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory):
    folder = tmp_path_factory.mktemp("uninterrupted")
    result = run("table1", *KILLED, f"--output_dir={folder}")
    assert result.returncode == 0, result.stderr
    return folder
