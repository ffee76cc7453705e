"""Which folders among photographs are classes, and how the others are counted."""

from __future__ import annotations

import archive_factory as archive
import pytest
from archive_factory import BY_CLASS, assert_zero_shot
from image_factory import photograph

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


def test_results_beside_the_classes_of_cars196(tmp_path):
    root = archive.cars_class_folders(tmp_path / "cars196")
    claim_output_folder(root / "results")
    picture(root / "results" / "learning_curves_cars196.png")
    source = benchmark.load("cars196", str(root), expected=BY_CLASS)
    assert_zero_shot(source)
    assert examples(source) == {"folders written by hsm": "results/"}
