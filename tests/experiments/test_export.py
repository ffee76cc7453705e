"""The export command: from the folder of a run to a SavedModel, or a sentence."""

from __future__ import annotations

import json

import numpy as np
import pytest
from support.driver_process import run
from support.flag_parsing import run_table, run_table1

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
    assert "16 numbers an image" in exported.stdout
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
    assert "exists already. Add --overwrite" in again.stderr
    for version in ("1", "2"):
        served = run("export", f"--model={folder}", "--versioned", "--saved_model=s", cwd=tmp_path)
        assert served.returncode == 0, served.stderr
        assert f"is in s/{version}: " in served.stdout
        assert (tmp_path / "s" / version / "saved_model.pb").is_file()


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--versioned", "--overwrite"], "--versioned, which never replaces a version"),
        (["--warm_up_requests"], "--warm_up_requests with --versioned"),
        (["--versioned", "--format=onnx"], "expected a SavedModel with --versioned"),
    ],
)
def test_flags_that_contradict_each_other_are_refused(flags, message, capsys):
    assert run_table(export, "--model=.", *flags) == 1
    assert message in capsys.readouterr().err


def test_the_formats_of_the_flag_are_those_of_the_library():
    from hsm.export import FORMATS

    assert ("saved_model", *FORMATS) == export.FORMATS
    assert [name for name, format in FORMATS.items() if format.calibrated] == [export.CALIBRATED]


def test_int8_takes_its_ranges_from_images_that_train(tmp_path, monkeypatch):
    pytest.importorskip("ai_edge_litert")
    assert run_table1("--smoke", "--methods=BN", f"--output_dir={tmp_path / 'results'}") == 0
    (folder,) = (tmp_path / "results" / "smoke" / "runs").iterdir()
    from hsm.data.sources import load_source
    from hsm.experiments.runs import exporting
    from hsm.experiments.runs.workspace import read_run_file

    seen, real = [], exporting.export_run_as

    def spied(*arguments, calibration, **options):
        seen.append(calibration)
        return real(*arguments, calibration=calibration, **options)

    monkeypatch.setattr(exporting, "export_run_as", spied)
    target = tmp_path / "int8"
    flags = (f"--model={folder}", "--format=tflite_int8", "--calibration_images=20")
    assert run_table(export, *flags, f"--saved_model={target}") == 0
    config, _ = read_run_file(folder)
    train = load_source(config.dataset, split=config.split, limit=config.limit).train
    trained = exporting.calibration_images(train, crop=config.image_size, count=len(train))
    known = {image.tobytes() for image in trained}
    assert len(seen[0]) == 20
    assert all(image.tobytes() in known for image in seen[0])
    assert (target / "embedding.tflite").is_file()
    card = json.loads((target / "model_card.json").read_text())
    assert card["scores"]["recall"]


def test_without_a_run_it_says_how_to_get_one(tmp_path):
    result = run("export", cwd=tmp_path)
    assert result.returncode == 1
    assert "Train one first: python -m hsm.experiments.table1" in result.stderr
    wrong = run("export", "--model=.", cwd=tmp_path)
    assert "expected the folder of a trained run" in wrong.stderr
    assert "Traceback" not in wrong.stderr
