"""The export command: from the folder of a run to a SavedModel, or a sentence."""

from __future__ import annotations

import json

import numpy as np
from support.driver_process import run


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
    import tensorflow as tf

    embed = tf.saved_model.load(str(tmp_path / "saved_model")).signatures["serving_default"]
    images = np.random.default_rng(0).integers(0, 256, (2, 40, 30, 3), dtype=np.uint8)
    (vectors,) = embed(tf.constant(images)).values()
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-5)
    again = run("export", f"--model={folder}", cwd=tmp_path)
    assert again.returncode == 1
    assert "exists already: add --overwrite" in again.stderr


def test_without_a_run_it_says_how_to_get_one(tmp_path):
    result = run("export", cwd=tmp_path)
    assert result.returncode == 1
    assert "Train one first: python -m hsm.experiments.table1" in result.stderr
    wrong = run("export", "--model=.", cwd=tmp_path)
    assert "is not the folder of a trained run" in wrong.stderr
    assert "Traceback" not in wrong.stderr
