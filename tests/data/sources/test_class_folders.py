"""Which folders among photographs are classes, and how the others are counted."""

from __future__ import annotations

import os
import unicodedata

import pytest
from support import archive_factory as archive
from support.archive_factory import BY_CLASS, assert_zero_shot
from support.image_factory import photograph

from hsm.data.sources import benchmark, load_source
from hsm.output_folder import claim_output_folder, make_output_folder

COUNTS = {"a": 2, "b": 2, "c": 2, "d": 2}


def load(folder, **options):
    return load_source("image_folder", data_dir=str(folder), **options)


def counts(source):
    return {item.reason: item.count for item in source.left_out}


def examples(source):
    return {item.reason: item.example for item in source.left_out}


def picture(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    photograph(20, 20).save(path, "PNG")


@pytest.mark.parametrize("name", ["results", "aa", "results/smoke"])
def test_results_among_the_classes_are_no_class(make_folder, name):
    folder = make_folder(COUNTS)
    checksum = load(folder).checksum()
    claim_output_folder(folder / name)
    picture(folder / name / "learning_curves_flowers.png")
    source = load(folder)
    assert source.train.class_names + source.test.class_names == ("a", "b", "c", "d")
    assert source.checksum() == checksum
    top = name.split("/")[0]
    assert examples(source) == {"folders written by hsm": f"{top}/"}


def test_results_of_older_versions_are_no_class(make_folder):
    folder = make_folder(COUNTS)
    picture(folder / "results" / "learning_curves_flowers.png")
    (folder / "results" / "learning_curves_flowers.pdf").touch()
    picture(folder / "tensorboard" / "sprite.png")
    (folder / "tensorboard" / "events.out.tfevents.1.host").touch()
    source = load(folder)
    assert source.test.class_names == ("c", "d")
    assert counts(source) == {"folders written by hsm": 1, "folders of other tools": 1}


def test_results_below_a_class_change_nothing(make_folder):
    folder = make_folder(COUNTS)
    make_output_folder(folder / "c" / "results")
    picture(folder / "c" / "results" / "figure1_flowers.png")
    source = load(folder)
    assert source.test.labels.tolist() == [0, 0, 1, 1]


TOOLS = (
    ".git",
    ".ipynb_checkpoints",
    ".venv",
    "__pycache__",
    "__MACOSX",
    "node_modules",
    "@eaDir",
    "#recycle",
    "$RECYCLE.BIN",
    "System Volume Information",
    "lost+found",
    "Thumbs",
    "wandb",
)


@pytest.mark.parametrize("name", TOOLS)
def test_folders_of_tools_are_no_classes_by_their_names(make_folder, name):
    folder = make_folder(COUNTS)
    picture(folder / name / "0.png")
    source = load(folder)
    assert source.train.class_names + source.test.class_names == ("a", "b", "c", "d")
    assert examples(source) == {"folders of other tools": f"{name}/"}


@pytest.mark.parametrize(
    "file", ["saved_model.pb", "events.out.tfevents.1.host", "projector_config.pbtxt", "pyvenv.cfg"]
)
def test_folders_of_tools_are_no_classes_by_what_is_in_them(make_folder, file):
    folder = make_folder(COUNTS)
    picture(folder / "model" / "plot.png")
    (folder / "model" / file).touch()
    assert counts(load(folder)) == {"folders of other tools": 1}


def without_suffix(path):
    path.rename(path.with_suffix(""))


def large(path):
    path.rename(path.with_name(f"{path.name}_large"))


def jpe(path):
    path.rename(path.with_suffix(".JPE"))


def text(path):
    path.rename(path.with_suffix(".txt"))


@pytest.mark.parametrize("rename", [without_suffix, large, jpe, text])
def test_content_decides_what_a_picture_is(make_folder, rename):
    folder = make_folder(COUNTS)
    for path in sorted((folder / "b").iterdir()):
        rename(path)
    source = load(folder)
    assert source.train.class_names == ("a", "b")
    assert source.train.labels.tolist() == [0, 0, 1, 1]
    assert source.left_out == ()


@pytest.mark.parametrize("file_format", ["TIFF", "JPEG2000"])
def test_pictures_that_cannot_be_decoded_are_refused_whatever_they_are_called(
    make_folder, file_format
):
    folder = make_folder(COUNTS)
    photograph(20, 20).save(folder / "b" / "raw", file_format)
    with pytest.raises(ValueError, match="b/raw: cannot be decoded"):
        load(folder)
    assert load(folder, on_bad_image="skip").skipped == ("b/raw",)


def test_every_file_is_counted_once(make_folder):
    folder = make_folder(COUNTS)
    names = (".DS_Store", "Thumbs.db", "desktop.ini", "a/.DS_Store", "a/._0.jpg", "b/Thumbs.db")
    for name in names:
        (folder / name).write_bytes(b"\0\5\x16\7junk")
    for name in ("README.md", "labels.csv", "b/notes.txt", "b/empty", "d/film.mp4"):
        (folder / name).write_bytes(b"BM" if name == "labels.csv" else b"")
    for index in range(3):
        picture(folder / f"loose{index}.jpg")
    for name in ("a/more/0.png", "a/more/deeper/1.png", "d/2020/without_suffix"):
        picture(folder / name)
    (folder / "a" / "more" / "notes.txt").touch()
    (folder / "no pictures" / "deeper").mkdir(parents=True)
    (folder / "no pictures" / "deeper" / "notes.txt").touch()
    source = load(folder)
    assert source.train.class_names + source.test.class_names == ("a", "b", "c", "d")
    assert counts(source) == {
        "hidden and system files": 6,
        "files that are no pictures": 6,
        "pictures in no class folder": 3,
        "pictures in folders below a class folder": 3,
        "folders without pictures": 1,
    }
    assert examples(source)["folders without pictures"] == "no pictures/"
    assert examples(source)["pictures in folders below a class folder"] == "a/more/0.png"


def test_links_are_followed_and_dead_ones_counted(make_folder, tmp_path):
    folder = make_folder(COUNTS)
    (folder / "d").rename(tmp_path / "elsewhere")
    (folder / "d").symlink_to(tmp_path / "elsewhere")
    (folder / "a" / "2.png").symlink_to(folder / "b" / "0.png")
    for name in ("a/dead.png", "dead", "b/dead"):
        (folder / name).symlink_to(folder / "gone")
    (folder / "b" / "itself").symlink_to(folder / "b" / "itself")
    (folder / "c" / "up").symlink_to(folder)
    source = load(folder)
    assert source.train.labels.tolist() == [0, 0, 0, 1, 1]
    assert source.test.class_names == ("c", "d")
    assert counts(source) == {"links to nothing": 4}


def test_what_is_no_file_is_not_opened(make_folder):
    folder = make_folder(COUNTS)
    os.mkfifo(folder / "a" / "pipe")
    os.mkfifo(folder / "pipe.jpg")
    assert counts(load(folder)) == {"files that are no pictures": 2}


def test_a_class_whose_pictures_lie_deeper_is_refused(make_folder):
    """Left out, it would move other classes to the other side."""
    folder = make_folder(COUNTS)
    (folder / "b").rename(folder / "photos")
    (folder / "b").mkdir()
    (folder / "photos").rename(folder / "b" / "photos")
    message = r"Received: pictures in folders below: b/ \(2, such as b/photos/0.png\). Move them up"
    with pytest.raises(ValueError, match=message):
        load(folder)


def test_results_and_tools_deeper_refuse_nothing(make_folder):
    folder = make_folder(COUNTS)
    claim_output_folder(folder / "out" / "first")
    (folder / "out" / ".hsm_output").unlink()
    picture(folder / "out" / "first" / "figure1_flowers.png")
    picture(folder / "environment" / "lib" / "icon.png")
    (folder / "environment" / "pyvenv.cfg").touch()
    assert counts(load(folder)) == {"folders without pictures": 1, "folders of other tools": 1}


def nested(root, *folders, count=2):
    for folder in folders:
        for index in range(count):
            picture(root / folder / f"{index}.png")
    return root


@pytest.mark.parametrize(
    ("folders", "described"),
    [
        (
            ["train/a", "train/b", "val/a", "val/b", "results/a"],
            r"photos/ holds results/, train/ and val/, each with 1 to 2 class folders. "
            "Read it with folder_layout=split",
        ),
        (
            ["g0/s0", "g0/s1", "g1/s2", "g1/s3"],
            "photos/ holds g0/ and g1/, each with 2 class folders. Use one of them, such as "
            "data_dir=.*photos/g0, or move",
        ),
        (
            ["photos/a", "photos/b", "photos/c"],
            "photos/ holds photos/, with 3 class folders. Use data_dir=.*photos/photos$",
        ),
        (["train/a", "train/b"], "photos/ holds train/, with 2 class folders. Use data_dir="),
        (["x/y/a", "x/y/b"], "further below, such as .*x/y/a/0.png. Use data_dir=.*photos/x/y$"),
        (
            ["."],
            "2 pictures directly in .*photos, and no class folder. Put .* of one class, use "
            "data_dir=",
        ),
    ],
)
def test_another_layout_is_described(tmp_path, folders, described):
    with pytest.raises(ValueError, match=f"one folder a class.*Received: .*{described}"):
        load(nested(tmp_path / "photos", *folders))


def test_the_working_folder_is_called_by_its_name(tmp_path, monkeypatch):
    monkeypatch.chdir(nested(tmp_path / "photos", "train/a", "train/b", "test/a", "test/b"))
    with pytest.raises(ValueError, match="photos/ holds test/ and train/, each with 2 class"):
        load(".")


COMPOSED, DECOMPOSED = (unicodedata.normalize(form, "café") for form in ("NFC", "NFD"))


def test_names_with_accents_are_the_same_in_either_form(make_folder, tmp_path):
    first = load(make_folder({COMPOSED: 2, "cat": 2, "zebra": 2, "zoo": 2}, name="one/flowers"))
    second = load(make_folder({DECOMPOSED: 2, "cat": 2, "zebra": 2, "zoo": 2}, name="flowers"))
    assert first.train.class_names == second.train.class_names == (COMPOSED, "cat")


def test_twins_are_refused_by_name(make_folder):
    folder = make_folder({COMPOSED: 2, DECOMPOSED: 2, "cat": 2, "zebra": 2, "zoo": 2})
    with pytest.raises(ValueError, match=r"café twice in .*two ways, 'cafe\\u0301' and 'caf\\xe9'"):
        load(folder)


def test_results_beside_the_classes_of_cars196(tmp_path):
    root = archive.cars_class_folders(tmp_path / "cars196")
    claim_output_folder(root / "results")
    picture(root / "results" / "learning_curves_cars196.png")
    source = benchmark.load("cars196", str(root), expected=BY_CLASS)
    assert_zero_shot(source)
    assert examples(source) == {"folders written by hsm": "results/"}
