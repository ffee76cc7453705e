"""--profile=official as a user starts it: smoke, plan, and kill -9 after the warm-up."""

from __future__ import annotations

import json

import numpy as np
from support.driver_process import kill_after, run

OFFICIAL = (
    "--profile=official",
    "--backbone=convnet",
    "--class_mean_init",
    "--smoke",
    "--dataset=digits",
    "--verbose",
    "--methods=HBN",
    "--embedding_dim=8",
    "--batch_size=4",
)


def _state(folder):
    (path,) = folder.glob("smoke/runs/*/checkpoint.npz")
    with np.load(path) as archive:
        return {key: archive[key] for key in archive if key != "progress.json"}


def test_official_smoke_is_recorded_and_survives_kill_9(tmp_path):
    whole = tmp_path / "whole"
    result = run("table1", *OFFICIAL, f"--output_dir={whole}")
    assert result.returncode == 0, result.stderr
    assert "The released code has no driver for digits" in result.stdout
    assert "digits HBN seed 0: prepared" in result.stdout
    assert "profile official" in result.stdout
    (path,) = whole.glob("smoke/records/*.json")
    config = json.loads(path.read_text())["config"]
    assert (config["profile"], config["nmi"], config["warm_up"]) == ("official", "geometric", True)
    assert (config["test_epsilon"], config["scale_bias"]) == (1e-4, False)
    for moment in ("prepared", "epoch 1: "):
        cut = tmp_path / moment.rstrip(": ").replace(" ", "")
        kill_after("table1", moment, *OFFICIAL, f"--output_dir={cut}")
        assert not list(cut.glob("smoke/records/*.json"))
        again = run("table1", *OFFICIAL, f"--output_dir={cut}")
        assert again.returncode == 0, again.stderr
        assert "continues after epoch" in again.stdout
        assert "seed 0: prepared" not in again.stdout
        expected, found = _state(whole), _state(cut)
        assert expected.keys() == found.keys()
        for key, value in expected.items():
            np.testing.assert_array_equal(value, found[key], err_msg=key)


def test_flags_override_the_profile_and_wrong_ones_are_sentences(tmp_path):
    result = run(
        "table1",
        "--dataset=digits",
        "--profile=official",
        "--dry_run",
        "--nowarm_up",
        "--methods=BN",
        "--ks=1,2",
        f"--output_dir={tmp_path}",
    )
    assert result.returncode == 0, result.stderr
    text = " ".join(result.stdout.split())
    assert "profile official, backbone convnet" in text
    assert "scale_bias False" in text
    assert "warm_up" not in text
    assert "80 epochs to train" in text
    wrong = run("table1", "--learned_alpha", f"--output_dir={tmp_path}")
    assert wrong.returncode == 1
    assert "learned_alpha with the methods LN and BN" in wrong.stderr
    assert "Traceback" not in wrong.stderr
