"""Which folders are marked as results, and which are known as such without a mark."""

from __future__ import annotations

import tempfile

import pytest
from support.image_factory import photograph

from hsm.output_folder import (
    MARKER,
    check_writable,
    claim_output_folder,
    holds_pictures,
    is_output_folder,
    make_output_folder,
)


def touch(folder, *names):
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    return folder


def marked(folder):
    return sorted(path.parent.relative_to(folder).as_posix() for path in folder.rglob(MARKER))


def test_the_first_folder_that_is_made_is_marked(tmp_path):
    make_output_folder(tmp_path / "a" / "b" / "c")
    assert marked(tmp_path) == ["a"]
    make_output_folder(tmp_path / "a" / "d")
    assert marked(tmp_path) == ["a"]
    assert "not read as a class" in (tmp_path / "a" / MARKER).read_text()


def test_a_claimed_folder_is_marked_whatever_it_lies_in(tmp_path):
    claim_output_folder(tmp_path / "a" / "b" / "c")
    assert marked(tmp_path) == ["a", "a/b/c"]


def test_a_relative_folder_is_marked(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    make_output_folder(tmp_path.__class__("results"))
    assert [path.name for path in tmp_path.iterdir()] == ["results"]
    assert is_output_folder(tmp_path / "results")


def test_a_folder_that_was_there_is_marked_when_it_is_claimed(tmp_path):
    (tmp_path / "empty").mkdir()
    notes = touch(tmp_path / "notes", "notes.txt", "drafts/one.txt")
    for folder in (tmp_path / "empty", notes):
        make_output_folder(folder)
        assert not (folder / MARKER).exists()
        claim_output_folder(folder)
        assert (folder / MARKER).exists()


@pytest.mark.parametrize("name", ["0.png", "class/0.jpg", "class/without_suffix"])
def test_a_folder_with_pictures_stays_unmarked(tmp_path, name):
    (tmp_path / name).parent.mkdir(exist_ok=True)
    photograph().save(tmp_path / name, "PNG")
    assert holds_pictures(tmp_path)
    claim_output_folder(tmp_path)
    assert not (tmp_path / MARKER).exists()


OLD = {
    "table1": ("records/digits-SM-1-seed0.json", "runs/digits-SM-1-seed0/model.json", ".lock"),
    "cut off early": (".lock", "runs/digits-SM-1-seed0/model.json"),
    "cut off before the switch": (".lock", "trunks/digits-BN-1-seed0/checkpoint.npz"),
    "not fine-tuned": (".lock", "records/digits-pretrained-1-seed0.json"),
    "smoke": ("smoke/runs/digits-SM-1-seed0/model.json",),
    "a run": ("model.json", "checkpoint.npz"),
    "records": ("digits-SM-1-seed0.json", "digits-SM-1-seed0.cosine_histograms.csv"),
    "learning curves": (
        "learning_curves_digits.png",
        "learning_curves_digits.pdf",
        "table1.md",
        "records/digits-SM-1-seed0.json",
    ),
    "figures": ("figure1_digits.csv", "figure1_digits.pdf", "figure1_digits.png"),
    "remarks": ("remarks_digits.csv", "remarks_digits.pdf", "remarks_digits.png"),
    "evaluate": (
        "scores_digits.json",
        "scores_digits.csv",
        "gallery_digits.png",
        "gallery_digits.pdf",
    ),
    "scores": ("scores_digits.json", "scores_digits.csv"),
    "export": ("saved_model.pb", "hsm_embedding.json", "variables/variables.index"),
    "prepared copy": ("manifest.json", "cub200-00000-of-00006.array_record"),
    "begun copy": ("unfinished.json", "cub200-00000-of-00006.array_record.partial"),
}


@pytest.mark.parametrize("names", OLD.values(), ids=OLD)
def test_folders_of_older_versions_are_known_by_what_is_in_them(tmp_path, names):
    assert is_output_folder(touch(tmp_path / "results", *names))
    assert not holds_pictures(tmp_path / "results")
    claim_output_folder(tmp_path / "results")
    assert (tmp_path / "results" / MARKER).exists()


CLASSES = {
    "photographs": ("0.jpg", "1.jpg", "notes.txt"),
    "a figure without its PDF": ("figure_skater.jpg", "notes.txt"),
    "one photograph among figures": ("0.jpg", "map_1.png", "map_1.pdf"),
    "results in a class": ("0.jpg", "runs/digits-SM-1-seed0/model.json"),
    "vinyl": ("0.jpg", "records/1.json"),
    "nothing": (),
    "notes": ("notes.txt",),
}


@pytest.mark.parametrize("names", CLASSES.values(), ids=CLASSES)
def test_other_folders_are_not(tmp_path, names):
    (tmp_path / "class").mkdir()
    assert not is_output_folder(touch(tmp_path / "class", *names))


def test_a_folder_that_cannot_be_written_to_is_refused(tmp_path, monkeypatch):
    check_writable(tmp_path / "new" / "folder")
    assert not list(tmp_path.iterdir())

    def refuse(*, dir):
        raise PermissionError(13, "Permission denied", str(dir))

    monkeypatch.setattr(tempfile, "TemporaryFile", refuse)
    with pytest.raises(PermissionError, match=r"written to\. Received: .*new, .*Permission"):
        check_writable(tmp_path / "new")
