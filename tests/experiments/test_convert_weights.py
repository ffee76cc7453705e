"""The command: a Caffe file becomes a Keras file of the same weights, or a sentence."""

from __future__ import annotations

import os

import numpy as np
import pytest
from support import caffe_factory
from support.flag_parsing import run_table

from hsm.experiments import convert_weights
from hsm.models.googlenet import GoogLeNet
from hsm.output_folder import MARKER


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    path = tmp_path_factory.mktemp("weights") / "random.caffemodel"
    path.write_bytes(caffe_factory.caffemodel(caffe_factory.googlenet(64, 64).weights))
    return path


def run(*arguments):
    return run_table(convert_weights, *(str(argument) for argument in arguments))


def test_the_converted_file_gives_the_same_model(source, tmp_path, capsys):
    target = tmp_path / "new" / "googlenet.weights.h5"
    assert run("--input", source, "--output", target) == 0
    assert capsys.readouterr().out == (
        f"{target}: 6,998,552 weights in 58 layers, read back identical.\n"
    )
    assert {path.name for path in target.parent.iterdir()} == {MARKER, target.name}
    images = np.random.default_rng(0).uniform(0, 255, (1, 64, 64, 3)).astype(np.float32)
    expected, actual = (GoogLeNet((64, 64, 3), weights=path)(images) for path in (source, target))
    np.testing.assert_array_equal(actual, expected)


def test_a_file_is_replaced_only_on_request(source, tmp_path, capsys):
    target = tmp_path / "googlenet.weights.h5"
    target.write_text("precious")
    assert run("--input", source, "--output", target) == 1
    assert (
        f"{target}, which exists already. Give another name, or --overwrite"
        in capsys.readouterr().err
    )
    assert target.read_text() == "precious"
    assert run("--input", source, "--output", target, "--overwrite") == 0
    assert target.stat().st_size > 20_000_000


def test_what_does_not_fit_is_a_sentence_and_leaves_nothing(tmp_path, capsys):
    source = tmp_path / "other.caffemodel"
    source.write_bytes(caffe_factory.caffemodel({"fc": [np.zeros((2, 2), np.float32)]}))
    assert run("--input", source, "--output", tmp_path / "x.weights.h5") == 1
    assert "expected weights of" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == [source]


@pytest.mark.parametrize(
    ("source", "target", "message"),
    [
        ("a.h5", "b.weights.h5", "--input to be a .caffemodel file. Received: --input=a.h5"),
        ("a.caffemodel", "b.h5", "--output to end in .weights.h5. Received: --output=b.h5"),
        ("none.caffemodel", "b.weights.h5", "Received: weights='none.caffemodel'"),
    ],
)
def test_wrong_names_are_refused(source, target, message, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert run("--input", source, "--output", target) == 1
    error = capsys.readouterr().err
    assert message in error
    assert "Traceback" not in error


def test_what_has_the_name_lies_on_the_disk(source, tmp_path, monkeypatch):
    done = []
    fsync, replace = os.fsync, os.replace
    monkeypatch.setattr(os, "fsync", lambda file: (done.append("flush"), fsync(file)))
    monkeypatch.setattr(os, "replace", lambda a, b: (done.append(str(b)), replace(a, b)))
    target = tmp_path / "googlenet.weights.h5"
    assert run("--input", source, "--output", target) == 0
    assert done[-3:] == ["flush", str(target), "flush"]


@pytest.mark.parametrize("flag", ["--input", "--output"])
def test_both_files_must_be_named(flag, capsys):
    given = {"--input": "a.caffemodel", "--output": "b.weights.h5"}
    del given[flag]
    assert run(*(f"{name}={value}" for name, value in given.items())) == 1
    assert f"error: expected {flag} to" in capsys.readouterr().err


def test_what_a_killed_conversion_leaves_is_gone_after_the_next(source, tmp_path, monkeypatch):
    target, left = tmp_path / "googlenet.weights.h5", []

    def look(*_):
        left.extend(tmp_path.iterdir())

    monkeypatch.setattr(convert_weights, "_check_copy", look)
    assert run("--input", source, "--output", target) == 0
    (partial,) = left
    partial.mkdir()
    (partial / "x.weights.h5").write_text("half of it")
    assert run("--input", source, "--output", target, "--overwrite") == 0
    assert {path.name for path in tmp_path.iterdir()} == {target.name}
