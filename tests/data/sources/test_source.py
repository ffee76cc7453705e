"""The checksum and what a split refuses."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hsm.data.sources import load_source
from hsm.data.sources.source import ImageSource, Split, limited

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


def test_images_are_read_once(make_folder, monkeypatch):
    source = load_source("image_folder", data_dir=str(make_folder(dict.fromkeys("abcd", 2))))
    read, opened = Path.read_bytes, []
    monkeypatch.setattr(Path, "read_bytes", lambda path: opened.append(path) or read(path))
    assert source.checksum() == source.checksum()
    assert source.copies() == ()
    assert len(opened) == len(set(opened)) == 8


@given(counts=st.lists(st.integers(1, 30), min_size=2, max_size=30), limit=st.integers(1, 200))
def test_limited_keeps_a_balanced_beginning(counts, limit):
    labels = np.repeat(np.arange(len(counts)), counts)
    kept = limited(labels, limit)
    assert (np.diff(kept) > 0).all()
    assert len(kept) <= max(limit, 4)
    kept_counts = np.bincount(labels[kept])
    assert len(kept_counts) >= 2
    full = np.array(counts[: len(kept_counts)])
    assert (kept_counts >= np.minimum(full, 2)).all()
    # Of every class kept as much as of the others, unless it holds no more.
    assert ((kept_counts == kept_counts.max()) | (kept_counts == full)).all()


def test_limited_keeps_all_without_a_limit():
    np.testing.assert_array_equal(limited(LABELS, None), np.arange(4))
