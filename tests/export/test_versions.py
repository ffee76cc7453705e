"""A version appears whole, under the next number, and replaces none."""

from __future__ import annotations

from pathlib import Path

import pytest

from hsm.export.versions import next_version, versions


def write_version(base, text):
    def write(path):
        path.mkdir()
        (path / "saved_model.pb").write_text(text)

    return next_version(base, write)


def test_versions_count_up_and_none_is_replaced(tmp_path):
    base = tmp_path / "deep" / "model"
    write_version(base, "first")
    write_version(base, "second")
    (base / "10").mkdir()
    write_version(base, "eleventh")
    assert versions(base) == [1, 2, 10, 11]
    assert [(base / n / "saved_model.pb").read_text() for n in ("1", "2", "11")] == [
        "first",
        "second",
        "eleventh",
    ]
    assert not list(base.glob(".version-*"))


def test_while_it_is_written_there_is_no_version(tmp_path):
    seen = []

    def write(path):
        path.mkdir()
        seen.append(versions(tmp_path / "model"))

    next_version(tmp_path / "model", write)
    assert seen == [[]]


def test_what_fails_leaves_no_version(tmp_path):
    def broken(path):
        path.mkdir()
        raise RuntimeError("broken")

    with pytest.raises(RuntimeError, match="broken"):
        next_version(tmp_path / "model", broken)
    assert not [path for path in (tmp_path / "model").iterdir() if path.is_dir()]


def test_a_number_that_another_process_takes_is_passed_over(tmp_path, monkeypatch):
    rename = Path.rename

    def beaten(path, target):
        if target.name == "1":
            target.mkdir()
            (target / "saved_model.pb").write_text("theirs")
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", beaten)
    assert write_version(tmp_path / "model", "ours") == tmp_path / "model" / "2"
    assert (tmp_path / "model" / "1" / "saved_model.pb").read_text() == "theirs"
    assert (tmp_path / "model" / "2" / "saved_model.pb").read_text() == "ours"


def test_the_own_number_is_returned_whatever_others_add(tmp_path):
    def write(path):
        path.mkdir()

    def slow(path):
        """Another process begins later and ends sooner; a third one has a higher number."""
        path.mkdir()
        assert next_version(tmp_path / "model", write).name == "1"

    assert next_version(tmp_path / "model", slow).name == "2"
    assert versions(tmp_path / "model") == [1, 2]


def test_a_model_is_no_folder_of_versions(tmp_path):
    (tmp_path / "saved_model.pb").write_text("a model")
    with pytest.raises(FileExistsError, match="which is itself a model: name another folder"):
        write_version(tmp_path, "")
    with pytest.raises(FileExistsError, match="which is a file"):
        write_version(tmp_path / "saved_model.pb", "")
