"""Photographs in train/, val/ and test/: which classes train, which are tested."""

from __future__ import annotations

import itertools

import pytest
from support.image_factory import photograph

from hsm.data.sources import load_source


@pytest.fixture
def make_parts(tmp_path):
    """A function that writes pictures: class names by part -> the folder; two a class and part."""

    def make(**parts):
        seeds = itertools.count()
        for part, names in parts.items():
            for name in names:
                folder = tmp_path / "photos" / part / name
                folder.mkdir(parents=True)
                for index in range(2):
                    photograph(20, 20, seed=next(seeds)).save(folder / f"{index}.png")
        return tmp_path / "photos"

    return make


def load(folder, **options):
    return load_source("image_folder", data_dir=str(folder), folder_layout="split", **options)


def counts(source):
    return {item.reason: item.count for item in source.left_out}


def test_parts_with_the_same_classes_are_joined_by_class(make_parts):
    source = load(make_parts(train="abcd", val="abd", test="abcd"))
    assert source.name == "photos"
    assert (source.train.class_names, source.test.class_names) == (("a", "b"), ("c", "d"))
    assert (len(source.train), len(source.test)) == (12, 10)
    assert [path.split("/photos/")[1] for path in source.train.images[:6]] == [
        f"{part}/a/{index}.png" for part in ("train", "val", "test") for index in range(2)
    ]
    assert source.left_out == ()
    assert "joined by class" in source.note


def test_parts_without_a_class_in_common_stay(make_parts):
    source = load(make_parts(train="abd", test="ce"))
    assert (source.train.class_names, source.test.class_names) == (("a", "b", "d"), ("c", "e"))
    assert (len(source.train), len(source.test)) == (6, 4)
    assert "no class in common" in source.note


def test_of_two_tested_parts_the_validation_part_is_left_out(make_parts):
    source = load(make_parts(train="ab", val="ef", test="cd"))
    assert source.test.class_names == ("c", "d")
    assert counts(source) == {"pictures of a part that is not used": 4}


@pytest.mark.parametrize("name", ["val", "Valid", "validation", "dev"])
def test_without_a_test_part_the_validation_part_is_tested(make_parts, name):
    source = load(make_parts(**{"Training": "ab", name: "cd"}))
    assert source.train.class_names == ("a", "b")
    assert source.test.class_names == ("c", "d")


def test_a_list_decides_in_every_case(make_parts, tmp_path):
    (tmp_path / "list").write_text("a\nd\n")
    source = load(make_parts(train="abc", test="bcd"), train_classes=str(tmp_path / "list"))
    assert (source.train.class_names, source.test.class_names) == (("a", "d"), ("b", "c"))
    assert len(source.test) == 8


def test_classes_on_both_sides_beside_others_are_refused(make_parts):
    message = (
        r"Received: 2 classes in both \(b, c\), and 1 that do not train \(d\). Name the classes "
        "that train with `train_classes`"
    )
    with pytest.raises(ValueError, match=message):
        load(make_parts(train="abc", test="bcd"))


def test_classification_keeps_the_parts(make_parts):
    source = load(make_parts(train="abc", val="abc", test="abc"), split="classification")
    assert source.train.class_names == source.test.class_names == ("a", "b", "c")
    assert all("/train/" in path for path in source.train.images)
    assert all("/test/" in path for path in source.test.images)
    assert counts(source) == {"pictures of a part that is not used": 6}


def test_classification_needs_the_same_classes(make_parts):
    with pytest.raises(ValueError, match=r"to classify.*Received: 2 in one of them alone \(c, d\)"):
        load(make_parts(train="abc", test="abd"), split="classification")


def test_classification_needs_them_after_skipping(make_parts):
    folder = make_parts(train="abc", test="abc")
    for path in (folder / "test" / "c").iterdir():
        path.write_bytes(b"")
    with pytest.raises(ValueError, match="to have the same classes.* Received: c in one"):
        load(folder, split="classification", on_bad_image="skip")


def test_classification_with_a_limit(make_parts):
    source = load(make_parts(train="abcdef", test="abcdef"), split="classification", limit=8)
    assert source.train.class_names == source.test.class_names == ("a", "b")


def test_a_gallery_is_made_of_the_test_classes(make_parts):
    source = load(make_parts(train="ab", test="cd"), split="query_gallery")
    assert source.gallery.class_names == source.test.class_names == ("c", "d")
    assert "no class in common" in source.note


def test_what_lies_beside_the_parts_is_counted(make_parts):
    folder = make_parts(train="ab", test="cd", extra="ef", results="g")
    (folder / "results" / ".hsm_output").touch()
    (folder / "labels.csv").touch()
    photograph(20, 20).save(folder / "loose.png")
    photograph(20, 20).save(folder / "train" / "loose.png")
    assert counts(load(folder)) == {
        "folders that are no part": 1,
        "folders written by hsm": 1,
        "files that are no pictures": 1,
        "pictures in no class folder": 2,
    }


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ({"a": "xy", "b": "xy"}, "expected train/, and test/ or val/ .*Received: a/, b/. If its"),
        ({"train": "ab"}, "expected train/, and test/ or val/ or both.*Received: train/"),
        ({"test": "ab", "val": "ab"}, "expected train/.*Received: test/, val/"),
        ({"train": "ab", "val": "c", "Valid": "d"}, "each part once. Received: Valid/ and val/"),
    ],
)
def test_other_folders_are_refused(make_parts, parts, message):
    with pytest.raises(ValueError, match=message):
        load(make_parts(**parts))


def test_a_part_without_class_folders_is_refused(make_parts):
    folder = make_parts(train="ab")
    (folder / "test").mkdir()
    photograph(20, 20).save(folder / "test" / "0.png")
    with pytest.raises(ValueError, match="photos/test: expected one folder a class.*one picture"):
        load(folder)


def test_too_few_classes_on_a_side_are_refused(make_parts):
    with pytest.raises(ValueError, match=r"at least two test classes.*Received: 1 \(c\)"):
        load(make_parts(train="ab", test="c"))
