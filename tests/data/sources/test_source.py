"""The checksum and what a split refuses."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.image_factory import encode, photograph, tagged

from hsm.data.sources import load_source
from hsm.data.sources.source import EncodedImages, ImageSource, Split, first_per_class

PIXELS = np.random.default_rng(0).integers(0, 256, (4, 5, 5, 3), np.uint8)
LABELS = np.array([0, 0, 1, 1], np.int32)


def array_source(pixels=PIXELS, labels=LABELS, names=("a", "b"), gallery=None) -> ImageSource:
    split = Split(pixels, labels, names)
    return ImageSource("pixels", train=split, test=split, gallery=gallery)


def test_split_counts():
    split = Split(PIXELS, LABELS, ("a", "b"))
    assert len(split) == 4
    assert split.num_classes == 2


def test_split_refuses_a_label_too_few():
    with pytest.raises(ValueError, match="same length. Received: 4 images and 3 labels"):
        Split(PIXELS, LABELS[:3], ("a", "b"))


@pytest.mark.parametrize("labels", [[0, 0, 0, 0], [0, 0, 2, 2], [1, 1, 2, 2]])
def test_split_refuses_classes_without_images(labels):
    with pytest.raises(ValueError, match=r"every one of 0..C-1.*Received: C=2"):
        Split(PIXELS, np.array(labels, np.int32), ("a", "b"))


def named(split: Split) -> list[str]:
    return [split.class_names[label] for label in split.labels]


@given(names=st.lists(st.sampled_from("zebra"), min_size=1, max_size=20), data=st.data())
def test_a_subset_keeps_images_and_class_names_and_numbers_the_classes_left(names, data):
    whole = Split.of_occurring(tuple(map(str, range(len(names)))), *numbered_in("zebra", names))
    indices = data.draw(st.lists(st.integers(0, len(names) - 1), min_size=1, unique=True))
    part = whole.subset(np.array(indices))
    assert [int(image) for image in part.images] == indices
    assert named(part) == [names[index] for index in indices]
    # In the order of the whole, without those that none is of.
    assert part.class_names == tuple(n for n in whole.class_names if n in named(part))
    assert part.labels.dtype == np.int32


def numbered_in(order: str, names: list[str]) -> tuple[np.ndarray, tuple[str, ...]]:
    return np.array([order.index(name) for name in names]), tuple(order)


def test_a_subset_that_is_not_relabelled_keeps_every_class():
    whole = Split(PIXELS, LABELS, ("b", "a"))
    part = whole.subset(np.array([3, 0]), relabel=False)
    np.testing.assert_array_equal(part.images, PIXELS[[3, 0]])
    assert (part.labels.tolist(), part.class_names) == ([1, 0], ("b", "a"))
    with pytest.raises(ValueError, match=r"every one of 0..C-1.*Received: C=2 and labels \[1\]"):
        whole.subset(np.array([2, 3]), relabel=False)


def test_checksum_of_arrays_covers_pixels_labels_names_and_splits():
    checksum = array_source().checksum()
    assert len(bytes.fromhex(checksum)) == 32
    assert array_source(PIXELS.copy()).checksum() == checksum
    changed = PIXELS.copy()
    changed[-1, -1, -1, -1] ^= 1
    others = [
        array_source(changed),
        array_source(PIXELS.reshape(4, 25, 1, 3)),
        array_source(labels=np.array([0, 1, 1, 1], np.int32)),
        array_source(names=("a", "c")),
        array_source(gallery=Split(PIXELS, LABELS, ("a", "b"))),
    ]
    assert len({checksum, *(other.checksum() for other in others)}) == 6


def test_checksum_of_files_stays_when_the_folder_moves(make_folder, tmp_path):
    folder = make_folder({"a": 2, "b": 2, "c": 2, "d": 2})
    checksum = load_source("image_folder", data_dir=str(folder)).checksum()
    moved = shutil.copytree(folder, tmp_path / "elsewhere" / "plants")
    assert load_source("image_folder", data_dir=str(moved)).checksum() == checksum
    (moved / "a" / "0.png").rename(moved / "a" / "00.png")
    renamed = load_source("image_folder", data_dir=str(moved)).checksum()
    (moved / "a" / "00.png").write_bytes((moved / "a" / "1.png").read_bytes())
    replaced = load_source("image_folder", data_dir=str(moved)).checksum()
    assert len({checksum, renamed, replaced}) == 3


def turned_files():
    """Contents of files, of which three are turned."""
    photo = photograph()
    return [
        encode(photo, "JPEG"),
        tagged(photo, "JPEG", 1),
        tagged(photo, "JPEG", 9),
        encode(photo, "PNG") + b"Exif eXIf EXIF",
        tagged(photo, "JPEG", 8),
        tagged(photo, "PNG", 2),
        tagged(photo, "WEBP", 3),
    ]


def test_turned_images_are_counted_in_every_part(tmp_path):
    contents = turned_files()
    paths = tuple(str(tmp_path / f"{index}.jpg") for index in range(len(contents)))
    for path, content in zip(paths, contents, strict=True):
        Path(path).write_bytes(content)
    labels = np.zeros(len(contents), np.int32)
    files = Split(paths, labels, ("a",))
    packed = Split(EncodedImages(contents.__getitem__, np.arange(len(contents))), labels, ("a",))
    pixels = Split(PIXELS, LABELS, ("a", "b"))
    assert ImageSource("mixed", train=files, test=packed).turned() == 6
    assert ImageSource("mixed", train=pixels, test=files, gallery=packed).turned() == 6
    assert ImageSource("mixed", train=files, test=pixels).turned() == 3
    assert array_source().turned() == 0


def test_copies_are_the_test_images_that_train(make_folder):
    folder = make_folder({"a": 3, "b": 2, "c": 3, "d": 2})
    source = load_source("image_folder", data_dir=str(folder))
    assert source.copies() == ()
    for name, origin in (("c/1.png", "a/0.png"), ("d/0.png", "b/1.png"), ("d/1.png", "c/2.png")):
        (folder / name).write_bytes((folder / origin).read_bytes())
    source = load_source("image_folder", data_dir=str(folder))
    assert source.copies() == ("c/1.png", "d/0.png")
    divided = load_source("image_folder", data_dir=str(folder), split="query_gallery")
    assert sorted(divided.copies()) == ["c/1.png", "d/0.png"]


def test_copies_among_pixels():
    other = Split(np.concatenate([PIXELS[:1], 255 - PIXELS[1:]]), LABELS, ("c", "d"))
    source = ImageSource("pixels", train=Split(PIXELS, LABELS, ("a", "b")), test=other)
    assert source.copies() == ("c",)


def test_images_are_read_once_for_checksums_and_copies(make_folder, monkeypatch):
    source = load_source("image_folder", data_dir=str(make_folder(dict.fromkeys("abcd", 2))))
    read, opened = Path.read_bytes, []
    monkeypatch.setattr(Path, "read_bytes", lambda path: opened.append(path) or read(path))
    assert source.checksum() == source.checksum()
    assert source.copies() == ()
    assert sorted(map(str, opened)) == sorted([*source.train.images, *source.test.images])


def test_a_changed_source_has_a_checksum_of_its_own():
    source = array_source()
    first = source.checksum()
    assert replace(source, gallery=source.test).checksum() != first == source.checksum()


@given(counts=st.lists(st.integers(1, 30), min_size=2, max_size=30), limit=st.integers(1, 200))
def test_limited_keeps_a_balanced_beginning(counts, limit):
    labels = np.repeat(np.arange(len(counts)), counts)
    kept = first_per_class(labels, limit)
    assert (np.diff(kept) > 0).all()
    assert len(kept) <= max(limit, 4)
    kept_counts = np.bincount(labels[kept])
    assert len(kept_counts) >= 2
    full = np.array(counts[: len(kept_counts)])
    assert (kept_counts >= np.minimum(full, 2)).all()
    # Of every class kept as much as of the others, unless it holds no more.
    assert ((kept_counts == kept_counts.max()) | (kept_counts == full)).all()


def test_limited_keeps_all_without_a_limit():
    np.testing.assert_array_equal(first_per_class(LABELS, None), np.arange(4))
