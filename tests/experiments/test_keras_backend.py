"""Every command says in a sentence that it needs TensorFlow, before it reads or trains anything."""

from __future__ import annotations

import importlib
from pathlib import Path

import keras
import pytest
from support.flag_parsing import run_table

from hsm import experiments
from hsm.export import export_saved_model

FLAGS = {
    "caffe_port": ["--smoke"],
    "convert_weights": ["--input=a.caffemodel", "--output=b.weights.h5"],
    "evaluate": ["--smoke"],
    "export": ["--model=."],
    "figure1": ["--smoke"],
    "figure2": ["--smoke"],
    "figure3": ["--smoke"],
    "figure4": ["--smoke"],
    "prepare": ["--dataset=cub200", "--data_dir=."],
    "remarks": ["--smoke"],
    "serve": ["--model=."],
    "table1": ["--smoke"],
    "table2": ["--smoke"],
    "table3": ["--smoke"],
    "table4": ["--smoke"],
    "train": ["--smoke"],
}
FORMER_NAMES = {"__init__", "port"}
# They take photographs as arguments, and load a model as serve does.
WITH_ARGUMENTS = {"embed", "search"}


def test_every_command_is_tried():
    folder = Path(experiments.__file__).parent
    assert {path.stem for path in folder.glob("*.py")} - FORMER_NAMES == {*FLAGS, *WITH_ARGUMENTS}


@pytest.mark.parametrize("name", FLAGS)
def test_on_another_backend_it_asks_for_tensorflow(name, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(keras.config, "backend", lambda: "jax")
    command = importlib.import_module(f"hsm.experiments.{name}")
    assert run_table(command, *FLAGS[name]) == 1
    said = capsys.readouterr().err
    assert "expected Keras on TensorFlow. Received: KERAS_BACKEND=jax. Set" in said
    assert not list(tmp_path.iterdir())


def test_so_does_the_export_of_the_library(tmp_path, monkeypatch):
    monkeypatch.setattr(keras.config, "backend", lambda: "torch")
    with pytest.raises(RuntimeError, match="expected Keras on TensorFlow for an export. Received"):
        export_saved_model(None, tmp_path / "model")
