"""Which images of a folder are found, how its classes are split, and what is refused."""

from __future__ import annotations

import os

import numpy as np
import pytest
from support.image_factory import encode, photograph, tagged

from hsm.data.sources import load_source

COUNTS = {"d": 2, "b": 3, "a": 2, "c": 4}


def load(folder, **options):
    return load_source("image_folder", data_dir=str(folder), **options)


def test_the_first_half_of_the_sorted_classes_trains(make_folder):
    source = load(make_folder(COUNTS))
    assert source.name == "flowers"
    assert source.train.class_names == ("a", "b")
    assert source.test.class_names == ("c", "d")
    assert source.train.labels.tolist() == [0, 0, 1, 1, 1]
    assert source.test.labels.tolist() == [0, 0, 0, 0, 1, 1]
    assert source.test.labels.dtype == np.int32
    names = [os.path.join(*path.split(os.sep)[-2:]) for path in source.train.images]
    assert names == ["a/0.png", "a/1.png", "b/0.png", "b/1.png", "b/2.png"]
    assert source.flip
    assert source.skipped == source.excluded_singletons == ()


def test_of_an_odd_number_of_classes_the_smaller_half_trains(make_folder):
    source = load(make_folder({**COUNTS, "e": 2}))
    assert (source.train.num_classes, source.test.num_classes) == (2, 3)


def test_the_name_is_the_folders_own(make_folder, monkeypatch):
    folder = make_folder(COUNTS)
    assert load(f"{folder}/").name == "flowers"
    monkeypatch.chdir(folder)
    assert load(".").name == "flowers"


def test_only_visible_images_directly_in_a_class_count(make_folder):
    folder = make_folder(COUNTS)
    for name in ("a/notes.txt", "a/.hidden.png", "a/Thumbs.db", "loose.png"):
        (folder / name).write_bytes(b"no image")
    for name in (".git", "a/deeper", "empty"):
        (folder / name).mkdir()
    (folder / "a" / "deeper" / "0.png").write_bytes(b"no image")
    (folder / ".git" / "0.png").write_bytes(b"no image")
    (folder / "a" / "0.png").rename(folder / "a" / "0.PNG")
    source = load(folder)
    assert source.train.class_names == ("a", "b")
    assert len(source.train) == 5
    assert sorted(map(str, source.left_out)) == [
        "files that are no pictures: a/notes.txt",
        "folders of other tools: .git/",
        "folders without pictures: empty/",
        "hidden and system files: 2, such as a/.hidden.png",
        "pictures in folders below a class folder: a/deeper/0.png",
        "pictures in no class folder: loose.png",
    ]


def test_a_file_may_name_the_training_classes(make_folder, tmp_path):
    file = tmp_path / "train.txt"
    file.write_text("d\n\n  c \nb\n")
    source = load(make_folder({**COUNTS, "e": 2}), train_classes=str(file))
    assert source.train.class_names == ("b", "c", "d")
    assert source.test.class_names == ("a", "e")


def test_unknown_training_classes_are_named(make_folder, tmp_path):
    file = tmp_path / "train.txt"
    file.write_text("a\nrose\nb\ntulip\n")
    with pytest.raises(ValueError, match=r"no folder with images: rose, tulip$"):
        load(make_folder(COUNTS), train_classes=str(file))


def test_a_missing_file_of_training_classes_is_said(make_folder):
    with pytest.raises(FileNotFoundError, match="train_classes=gone.txt, which is not a file"):
        load(make_folder(COUNTS), train_classes="gone.txt")


@pytest.mark.parametrize(
    ("named", "role", "received"),
    [
        ("a", "training", r"1 \(a\)"),
        ("", "training", r"0 \(none\)"),
        ("a\nb\nc", "test", r"1 \(d\)"),
    ],
)
def test_too_few_named_classes_are_refused(make_folder, tmp_path, named, role, received):
    file = tmp_path / "train.txt"
    file.write_text(named)
    with pytest.raises(ValueError, match=f"at least two {role} classes.*Received: {received}"):
        load(make_folder(COUNTS), train_classes=str(file))


def test_three_classes_are_too_few(make_folder):
    with pytest.raises(ValueError, match=r"at least two training classes.*Received: 1 \(a\)"):
        load(make_folder({"a": 2, "b": 2, "c": 2}))


def test_a_folder_that_is_not_there_is_said(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"`data_dir`.*/gone, which is not a folder"):
        load(tmp_path / "gone")


def test_a_folder_without_images_is_said(tmp_path):
    (tmp_path / "a" / "deeper").mkdir(parents=True)
    (tmp_path / "a" / "notes.txt").write_bytes(b"")
    with pytest.raises(ValueError, match=r"one folder a class.*Received: no picture was found in"):
        load(tmp_path)


def test_bad_images_are_refused_by_name(make_folder):
    folder = make_folder({**COUNTS, "d": 14})
    (folder / "a" / "1.png").write_bytes(b"")
    for index in range(2, 14):
        (folder / "d" / f"{index}.png").write_bytes(b"no image")
    with pytest.raises(ValueError, match=r"flowers: expected images .* 13 of 23 that") as error:
        load(folder)
    lines = str(error.value).splitlines()
    assert "`on_bad_image='skip'`" in lines[0]
    assert lines[1] == "  a/1.png: empty file"
    assert lines[2].startswith("  d/10.png: cannot be decoded: ")
    assert lines[11:] == ["  and 3 more"]


def test_bad_images_can_be_skipped(make_folder):
    folder = make_folder({**COUNTS, "c": 4})
    (folder / "a" / "1.png").write_bytes(b"")
    (folder / "c" / "photo.heic").write_bytes(b"no image")
    source = load(folder, on_bad_image="skip")
    assert source.skipped == ("a/1.png", "c/photo.heic")
    assert len(source.train) == 4
    assert len(source.test) == 6


def test_a_class_of_bad_images_moves_no_other_class(make_folder):
    folder = make_folder({**COUNTS, "e": 2, "f": 2})
    for path in (folder / "a").iterdir():
        path.write_bytes(b"")
    source = load(folder, on_bad_image="skip")
    assert source.train.class_names == ("b", "c")
    assert source.test.class_names == ("d", "e", "f")


def test_too_few_classes_after_skipping_are_refused(make_folder):
    folder = make_folder(COUNTS)
    for path in (folder / "c").iterdir():
        path.write_bytes(b"")
    with pytest.raises(ValueError, match=r"at least two test classes.*Received: 1 \(d\)"):
        load(folder, on_bad_image="skip")


def test_a_test_class_with_one_image_is_refused(make_folder):
    folder = make_folder({"a": 1, "b": 2, "c": 2, "d": 1, "e": 3, "f": 1})
    with pytest.raises(
        ValueError, match=r"Received: one image of d, f. Add .*`singletons='exclude'`"
    ):
        load(folder)


def test_a_test_class_with_one_image_can_be_excluded(make_folder):
    folder = make_folder({"a": 1, "b": 2, "c": 2, "d": 1, "e": 3, "f": 2})
    source = load(folder, singletons="exclude")
    assert source.excluded_singletons == ("d",)
    assert source.train.class_names == ("a", "b", "c")
    assert source.test.class_names == ("e", "f")
    assert source.test.labels.tolist() == [0, 0, 0, 1, 1]


def test_a_class_that_skipping_leaves_one_image_is_a_singleton(make_folder):
    folder = make_folder({**COUNTS, "e": 2})
    (folder / "d" / "0.png").write_bytes(b"")
    source = load(folder, on_bad_image="skip", singletons="exclude")
    assert source.excluded_singletons == ("d",)
    assert source.test.class_names == ("c", "e")


def test_a_limit_keeps_few_of_every_class(make_folder):
    source = load(make_folder({"a": 9, "b": 9, "c": 9, "d": 9}), limit=8)
    assert np.bincount(source.train.labels).tolist() == [4, 4]
    assert np.bincount(source.test.labels).tolist() == [4, 4]


def test_a_limit_checks_only_what_it_keeps(make_folder):
    folder = make_folder({"a": 9, "b": 9, "c": 9, "d": 9})
    (folder / "a" / "8.png").write_bytes(b"")
    assert len(load(folder, limit=8).train) == 8


def test_the_real_birds(shared_dir):
    source = load(shared_dir / "data" / "cub100", limit=400)
    assert source.name == "cub100"
    assert (source.train.num_classes, source.test.num_classes) == (50, 50)
    assert source.train.class_names[0] == "000.Black_footed_Albatross"
    assert (len(source.train), len(source.test)) == (400, 400)
    assert source.skipped == ()


def test_class_folders_may_have_any_name(make_folder):
    folder = make_folder(COUNTS)
    odd = os.fsdecode(b"ros\xe9")
    (folder / "d").rename(folder / odd)
    source = load(folder)
    assert source.test.class_names == ("c", odd)
    assert source.test.labels.tolist() == [0, 0, 0, 0, 1, 1]


def test_all_formats_are_taken(make_folder):
    folder = make_folder(COUNTS)
    for name in ("JPEG", "GIF", "BMP", "WEBP"):
        (folder / "c" / f"0.{name.lower()}").write_bytes(encode(photograph(20, 20), name))
    assert len(load(folder).test) == 10


def test_turned_images_are_counted_where_they_are_used(make_folder):
    folder = make_folder({**COUNTS, "e": 1})
    for name in ("a/0", "c/1", "e/0"):
        (folder / f"{name}.png").write_bytes(tagged(photograph(20, 30), "PNG", 6))
    assert load(folder, singletons="exclude").turned() == 2
    (folder / "e" / "1.png").write_bytes(encode(photograph(20, 30), "PNG"))
    assert load(folder).turned() == 3
    assert load(folder, limit=6, split="query_gallery").turned() == 2


def test_too_large_an_image_is_refused_by_name_or_left_out(make_folder):
    folder = make_folder(COUNTS)
    (folder / "d" / "2.png").write_bytes(encode(photograph(30, 40), "PNG"))
    with pytest.raises(ValueError, match=r"1 of 12 that") as error:
        load(folder, max_pixels=1199)
    assert str(error.value).splitlines()[1:] == [
        "  d/2.png: expected at most `max_pixels=1199` pixels, received 1,200 (40 x 30): make it "
        "smaller, or raise `max_pixels`"
    ]
    assert load(folder, max_pixels=1199, on_bad_image="skip").skipped == ("d/2.png",)
    assert load(folder, max_pixels=1200).skipped == ()


def test_all_classes_may_train_and_be_tested(make_folder):
    source = load(make_folder({"a": 2, "b": 3, "c": 1}), split="all")
    assert source.train.class_names == ("a", "b", "c")
    assert source.test.class_names == ("a", "b")
    assert source.test.images == source.train.images[:5]
    assert source.excluded_singletons == ("c",)
    assert source.tests_training
    # On purpose, and nothing to warn of.
    assert source.copies() == ()
    assert len(load(make_folder({"a": 2, "b": 2}, name="two"), split="all").train) == 4


@pytest.mark.parametrize(
    ("asked", "held_out"), [(2, ("b", "e")), (3, ("a", "d", "f")), (0.3, ("b", "e"))]
)
def test_classes_are_held_out_evenly(make_folder, asked, held_out):
    counts = {"a": 2, "b": 2, "c": 1, "d": 2, "e": 2, "f": 2}
    source = load(make_folder(counts), split="all", validation_classes=asked)
    assert source.test.class_names == held_out
    # A class of one image trains: it could not be scored.
    assert source.train.class_names == tuple(name for name in counts if name not in held_out)
    assert not source.tests_training


@pytest.mark.parametrize(
    ("counts", "options", "message"),
    [
        ({"a": 2}, {}, "at least two training classes with usable images. Received: 1"),
        ({"a": 2, "b": 1}, {}, "at least two test classes with two usable images or more"),
        (COUNTS, {"validation_classes": 3}, "3 of 4 classes. Hold out 2 at most"),
        ({"a": 2, "b": 2, "c": 2}, {"validation_classes": 0.1}, "2 of 3 classes. Add classes, or"),
        (COUNTS, {"train_classes": "x"}, "and all classes train. Leave it out"),
        (
            COUNTS,
            {"validation_classes": 2, "split": "zero_shot"},
            "`validation_classes` with split=all only",
        ),
    ],
)
def test_what_all_classes_refuse(make_folder, counts, options, message):
    with pytest.raises(ValueError, match=message):
        load(make_folder(counts), **{"split": "all", **options})
