"""A model is found where train, table1 and export leave it, and never another one."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest

from hsm.serving import Embedder
from hsm.serving.model_folder import find_model


@pytest.fixture
def results(tmp_path, exported, model):
    """What train leaves: an export, and a run beside it."""
    shutil.copytree(exported, tmp_path / "results" / "saved_model")
    run = tmp_path / "results" / "runs" / "letters-HBN-seed0"
    run.mkdir(parents=True)
    (run / "model.json").write_text("{}")
    arrays = {str(i): np.asarray(v) for i, v in enumerate(model.variables)}
    np.savez(run / "checkpoint.npz", **arrays)
    return tmp_path / "results"


def test_output_folder_and_run_folder_lead_to_the_export(results):
    export = results / "saved_model"
    run = next((results / "runs").iterdir())
    assert find_model(export).path == find_model(results).path == find_model(run).path == export
    assert Embedder(run).digest == Embedder(export).digest
    own = shutil.copytree(export, run / "saved_model")
    assert find_model(run).path == own


def test_of_versions_the_highest_is_served(tmp_path, exported):
    for version in ("2", "10", "old"):
        shutil.copytree(exported, tmp_path / "model" / version)
    assert find_model(tmp_path / "model").path == tmp_path / "model" / "10"


def test_export_of_another_run_is_refused(results):
    run = next((results / "runs").iterdir())
    arrays = dict(np.load(run / "checkpoint.npz"))
    np.savez(run / "checkpoint.npz", **{k: v + 1 for k, v in arrays.items()})
    with pytest.raises(ValueError, match=r"other weights.*hsm.experiments.export: `model="):
        Embedder(run)


def test_run_without_an_export_says_how_to_make_one(results):
    shutil.rmtree(results / "saved_model")
    run = next((results / "runs").iterdir())
    with pytest.raises(ValueError, match=f"export: `model={run}` `saved_model={run}/saved_model`"):
        Embedder(run)


def test_what_is_no_model_is_refused_in_words(tmp_path, results):
    with pytest.raises(FileNotFoundError, match="nowhere, which does not exist"):
        Embedder(tmp_path / "nowhere")
    with pytest.raises(ValueError, match="which is none. Export a trained run"):
        Embedder(tmp_path)
    card = results / "saved_model" / "hsm_embedding.json"
    said = json.loads(card.read_text())
    for damaged in ("", "[]", json.dumps({**said, "resize_size": 0}), json.dumps({"a": 1})):
        card.write_text(damaged)
        with pytest.raises(ValueError, match=r"hsm_embedding\.json, which is missing or damaged"):
            Embedder(results)
    card.write_text(json.dumps(said))
    (results / "saved_model" / "saved_model.pb").write_bytes(b"damaged")
    with pytest.raises(
        ValueError, match="expected a SavedModel that hsm exported. Received: one that cannot"
    ):
        Embedder(results)
