from __future__ import annotations

import itertools
import re
import subprocess
import sys
import time
import unicodedata
from importlib import resources
from pathlib import Path

import numpy as np
import pytest

from hsm.data.sources import load_source

FOLDER = resources.files("hsm.data") / "letters"
CHECKSUM = "1bf58f52d2156750e9b172ffed615fb5ab2b48a5d9c6a9d0ec7eaee7f99f2024"


@pytest.fixture(scope="module")
def source():
    return load_source("letters")


@pytest.fixture(scope="module")
def archive():
    with np.load(FOLDER / "letters.npz") as content:
        return dict(content)


def test_every_second_letter_trains_in_sixteen_faces(source):
    assert (source.name, source.flip, source.gallery) == ("letters", False, None)
    for split, classes in ((source.train, 245), (source.test, 244)):
        assert split.images.shape == (16 * classes, 32, 32, 3)
        assert (split.images.dtype, split.labels.dtype) == (np.uint8, np.int32)
        np.testing.assert_array_equal(split.labels, np.repeat(np.arange(classes), 16))
    train, test = ([ord(name[0]) for name in s.class_names] for s in (source.train, source.test))
    # In turn: 489 letters, from A to a ligature of f and l.
    letters = [place for pair in itertools.zip_longest(train, test) for place in pair if place]
    assert letters == sorted(set(letters))
    assert len(letters) == 489


def test_a_class_is_called_as_its_letter_and_code_point(source):
    assert source.train.class_names[:2] == ("A U+0041", "C U+0043")
    assert source.test.class_names[:2] == ("B U+0042", "D U+0044")
    for name in source.train.class_names + source.test.class_names:
        letter, code = name.split(" ")
        assert code == f"U+{ord(letter):04X}"
        assert unicodedata.category(letter) in ("Lu", "Ll", "Lo")


def test_what_looks_the_same_is_one_class(source):
    names = {name[0] for name in source.train.class_names + source.test.class_names}
    # Latin, then Greek and Cyrillic ones; the micro sign and mu; m and an italic te.
    assert {"A", "K", "o", "µ", "Θ", "m"} <= names
    assert not {"Α", "А", "К", "ο", "о", "μ", "т"} & names


def test_no_picture_is_of_two_classes(archive):
    owners = {}
    for letter, pictures in zip(archive["characters"], archive["pictures"], strict=True):
        for picture in pictures:
            assert owners.setdefault(picture.tobytes(), letter) == letter


def test_no_two_classes_look_alike_in_two_upright_faces(archive):
    upright = [re.search("Obl|Ita", face) is None for face in archive["faces"]]
    assert sum(upright) == 8
    pictures = archive["pictures"][:, upright].astype(np.int16)
    for place, own in enumerate(pictures):
        largest = np.abs(pictures[place + 1 :] - own).max(axis=(2, 3))
        assert ((largest <= 34).sum(axis=1) < 2).all(), archive["characters"][place]


def test_images_are_the_files_pictures_with_a_border(source, archive):
    for split, own in ((source.train, slice(0, None, 2)), (source.test, slice(1, None, 2))):
        pictures = archive["pictures"][own].reshape(-1, 28, 28)
        for channel in range(3):
            np.testing.assert_array_equal(split.images[:, 2:-2, 2:-2, channel], pictures)
        assert split.images.sum() == 3 * pictures.sum(dtype=np.int64)
    assert set(np.unique(archive["pictures"])) == set(range(0, 256, 17))


def test_ink_is_in_the_middle_and_letters_keep_their_size(archive):
    ink = archive["pictures"].astype(bool)
    for axis in (-1, -2):
        filled = ink.any(axis=axis)
        before, after = filled.argmax(axis=-1), filled[..., ::-1].argmax(axis=-1)
        assert np.abs(before - after).max() <= 1
    heights = dict(zip(archive["characters"], ink.any(axis=-1).sum(axis=-1), strict=True))
    assert (heights["O"] > heights["o"]).all()


def test_the_data_are_those_of_the_records(source):
    assert source.checksum() == CHECKSUM
    assert source.copies() == ()


def test_letters_can_be_limited():
    limited = load_source("letters", limit=64)
    for split in (limited.train, limited.test):
        assert np.bincount(split.labels).tolist() == [4] * 16
    assert limited.test.class_names[:2] == ("B U+0042", "D U+0044")


def test_letters_can_be_divided_in_other_ways(source):
    divided = load_source("letters", split="query_gallery")
    assert np.bincount(divided.test.labels).tolist() == [8] * 244
    assert divided.gallery.class_names == divided.test.class_names == source.test.class_names
    halves = load_source("letters", split="classification")
    assert halves.train.class_names == halves.test.class_names
    assert halves.train.num_classes == 489


def test_the_file_is_small_and_soon_read():
    assert Path(FOLDER / "letters.npz").stat().st_size <= 700_000
    start = time.process_time()
    load_source("letters")
    # 0.2 s; the limit leaves room for a slow machine.
    assert time.process_time() - start < 2


@pytest.mark.parametrize(
    ("name", "owner"), [("LICENSE_DEJAVU", "Bitstream"), ("LICENSE_STIX", "STIX Font")]
)
def test_the_licences_of_the_fonts_lie_beside_it(name, owner):
    text = (FOLDER / name).read_text(encoding="utf-8")
    assert owner in text
    assert "permission" in text.lower()


def test_they_are_read_without_matplotlib():
    """Keras imports it where it is installed; None stands for a package that is not."""
    code = (
        "import sys; sys.modules.update(matplotlib=None, PIL=None)\n"
        "from hsm.data.sources import load_source; load_source('letters')"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
