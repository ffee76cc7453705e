"""The export command: from the folder of a run to a SavedModel, or a sentence."""

from __future__ import annotations

import json

import numpy as np
import pytest
from support.driver_process import run
from support.flag_parsing import run_table

from hsm.experiments import export


def test_a_run_is_exported_and_not_overwritten_by_accident(tmp_path):
    result = run("table1", "--smoke", "--methods=BN", f"--output_dir={tmp_path / 'results'}")
    assert result.returncode == 0, result.stderr
    without = run("export", cwd=tmp_path)
    assert without.returncode == 1
    (folder,) = (tmp_path / "results" / "smoke" / "runs").iterdir()
    assert str(folder.relative_to(tmp_path)) in without.stderr
    exported = run("export", f"--model={folder}", "--max_pixels=5000", cwd=tmp_path)
    assert exported.returncode == 0, exported.stderr
    description = json.loads((tmp_path / "saved_model" / "hsm_embedding.json").read_text())
    assert description["max_pixels"] == 5000
    assert "64 numbers an image" in exported.stdout
    (record,) = (tmp_path / "results" / "smoke" / "records").glob("*.json")
    card = json.loads((tmp_path / "saved_model" / "model_card.json").read_text())
    scores = {k: row["value"] for k, row in card["scores"]["recall"].items()}
    assert scores == json.loads(record.read_text())["final"]["recall"]
    assert (tmp_path / "saved_model" / "record.json").read_bytes() == record.read_bytes()
    import tensorflow as tf

    embed = tf.saved_model.load(str(tmp_path / "saved_model")).signatures["serving_default"]
    images = np.random.default_rng(0).integers(0, 256, (2, 40, 30, 3), dtype=np.uint8)
    (vectors,) = embed(tf.constant(images)).values()
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-5)
    again = run("export", f"--model={folder}", cwd=tmp_path)
    assert again.returncode == 1
    assert "exists already: add --overwrite" in again.stderr
    for version in ("1", "2"):
        served = run("export", f"--model={folder}", "--versioned", "--saved_model=s", cwd=tmp_path)
        assert served.returncode == 0, served.stderr
        assert f"is in s/{version}: " in served.stdout
        assert (tmp_path / "s" / version / "saved_model.pb").is_file()


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--versioned", "--overwrite"], "--versioned never replaces a version"),
        (["--warm_up_requests"], "--warm_up_requests goes with --versioned: add it"),
    ],
)
def test_flags_that_contradict_each_other_are_refused(flags, message, capsys):
    assert run_table(export, "--model=.", *flags) == 1
    assert message in capsys.readouterr().err


def test_without_a_run_it_says_how_to_get_one(tmp_path):
    result = run("export", cwd=tmp_path)
    assert result.returncode == 1
    assert "Train one first: python -m hsm.experiments.table1" in result.stderr
    wrong = run("export", "--model=.", cwd=tmp_path)
    assert "is not the folder of a trained run" in wrong.stderr
    assert "Traceback" not in wrong.stderr
