"""MATLAB files: what a whole one holds, and that no damaged one ends or holds up the process."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest
from support.archive_factory import save_annotations

from hsm.data.sources import mat_files

ROWS = [("a.jpg", 1), ("b.jpg", 2), ("ü.jpg", 196)]
CASES = Path(__file__).resolve().parents[4] / "shared" / "cases"


@pytest.fixture
def whole(tmp_path):
    path = tmp_path / "cars_annos.mat"
    save_annotations(path, ("fname", "class"), ROWS, class_names=("A 2001", "B & C 2002"))
    return path


def test_values_of_a_whole_file(whole):
    names, classes = mat_files.read_annotations(whole, {"fname": str, "class": int})
    assert list(zip(names, classes, strict=True)) == ROWS
    assert mat_files.read_names(whole) == ("A 2001", "B & C 2002")


def test_a_single_record(tmp_path):
    path = tmp_path / "one.mat"
    save_annotations(path, ("fname", "class"), ROWS[:1], class_names=("A 2001",))
    assert mat_files.read_annotations(path, {"class": int}) == [[1]]
    assert mat_files.read_names(path) == ("A 2001",)


def test_relative_paths_are_those_of_this_process(whole, monkeypatch):
    monkeypatch.chdir(whole.parent)
    assert mat_files.read_annotations(Path(whole.name), {"class": int}) == [[1, 2, 196]]


@pytest.mark.parametrize("seed", range(12))
def test_changed_bytes_are_read_or_refused(whole, seed):
    generator = np.random.default_rng(seed)
    content = bytearray(whole.read_bytes())
    for place in generator.integers(0, len(content), 1 + seed % 3):
        content[place] = generator.integers(256)
    whole.write_bytes(content)
    try:
        names, classes = mat_files.read_annotations(whole, {"fname": str, "class": int})
    except ValueError:  # A sentence; anything else fails.
        return
    assert len(names) == len(classes)


@pytest.mark.parametrize("value", ["x", -1, 1.5, 2**40, float("nan")])
def test_a_class_that_is_no_number_of_a_class_is_refused(value, tmp_path):
    path = tmp_path / "cars_annos.mat"
    save_annotations(path, ("fname", "class"), [("a.jpg", value), ("b.jpg", 1)])
    with pytest.raises(ValueError, match=r"cars_annos.mat: expected whole numbers, 0 to 1,000,000"):
        mat_files.read_annotations(path, {"fname": str, "class": int})


def test_a_number_that_matlab_keeps_as_a_double_is_whole(tmp_path):
    path = tmp_path / "cars_annos.mat"
    save_annotations(path, ("fname", "class"), [("a.jpg", 2.0), ("b.jpg", 1.0)])
    assert mat_files.read_annotations(path, {"class": int}) == [[2, 1]]


@pytest.mark.parametrize(
    ("program", "message"),
    [
        ("import os; os.kill(os.getpid(), 11)", r"one that ends its reader with status -?\d+"),
        ("import time; time.sleep(60)", "one that is not read within 1 s"),
    ],
)
def test_a_reader_that_dies_or_hangs_is_a_sentence(whole, tmp_path, monkeypatch, program, message):
    reader = tmp_path / "reader.py"
    reader.write_text(program)
    monkeypatch.setattr(mat_files, "_READER", reader)
    monkeypatch.setattr(mat_files, "_SECONDS", 1.0)
    begun = time.monotonic()
    with pytest.raises(ValueError, match=rf"expected a whole MATLAB file. Received: {message}"):
        mat_files.read_names(whole)
    assert time.monotonic() - begun < 20


@pytest.mark.skipif(not CASES.is_dir(), reason="damaged files are not there")
@pytest.mark.parametrize("name", ["segfault", "slow", "indexerror", "keyerror"])
def test_files_that_ended_the_process_or_never_came_back(name):
    path = CASES / f"mat_{name}.mat"
    if not path.exists():
        pytest.skip(f"{path.name} is not there")
    with pytest.raises(ValueError, match=f"{path.name}: expected a whole MATLAB file"):
        mat_files.read_annotations(path, {"relative_im_path": str, "class": int, "test": int})
