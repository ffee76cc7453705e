"""The letters of the package: a few are drawn anew, and the rule that leaves some out."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("matplotlib")

import make_letters

LETTERS = "AgØμЖﬂ"
FACES = (0, 7, 11, 14)


def test_letters_drawn_anew_are_those_of_the_file():
    held = make_letters.read(make_letters.FOLDER)
    kept = [letter for letter in LETTERS if letter in held["characters"]]
    assert kept == ["A", "g", "Ø", "Ж", "ﬂ"]
    rows = [np.flatnonzero(held["characters"] == letter)[0] for letter in kept]
    drawn = make_letters.rendered(kept, [make_letters.FACES[place] for place in FACES])
    difference = drawn.astype(int) - held["pictures"][np.ix_(rows, FACES)]
    # A level of grey, for FreeType's versions.
    assert np.abs(difference).max() <= make_letters.LEVEL


def test_there_are_559_letters_in_all_faces_and_the_file_has_no_other():
    letters = make_letters.common_letters()
    held = make_letters.read(make_letters.FOLDER)
    assert len(letters) == 559
    assert set(held["characters"]) <= set(letters)
    assert tuple(held["faces"]) == make_letters.FACES


def pictures_of(*greys):
    """Letters of one grey in each of the sixteen faces."""
    pictures = np.zeros((len(greys), 16, 28, 28), np.uint8)
    pictures[..., 14, 14] = greys
    return pictures


def test_a_letter_is_left_out_if_it_looks_like_one_before_it_in_two_upright_faces():
    own, other = np.arange(16), np.arange(16) + 100
    upright = make_letters.UPRIGHT
    assert upright == [0, 1, 4, 5, 8, 9, 12, 13]
    alike = other.copy()
    alike[upright[:2]] = own[upright[:2]] + 34
    once = other + 16
    once[upright[0]] = own[upright[0]] + 34
    slanted = np.setdiff1d(np.arange(16), upright)
    italic = other + 100
    italic[slanted] = own[slanted] + 20
    assert make_letters.distinct(pictures_of(own, alike)) == [0]
    assert make_letters.distinct(pictures_of(own, once)) == [0, 1]
    assert make_letters.distinct(pictures_of(own, italic)) == [0, 1]


def test_a_letter_is_left_out_if_one_picture_is_another_letters():
    own, shared = np.arange(16), np.arange(16) + 100
    shared[3] = own[14]
    assert make_letters.distinct(pictures_of(own, shared)) == [0]


def test_a_letter_that_is_left_out_leaves_out_no_other():
    """Each is two levels from its neighbour, and the third is four from the first."""
    grey = np.arange(16) + 16
    assert make_letters.distinct(pictures_of(grey, grey + 34, grey + 68)) == [0, 2]


def test_a_difference_is_named():
    held = make_letters.read(make_letters.FOLDER)
    assert make_letters.difference(held, held) == ""
    nearly = {**held, "pictures": held["pictures"] // 18 * 17}
    assert make_letters.difference(held, nearly) == ""
    changed = held["pictures"].copy()
    changed[2, 5] = 255
    assert make_letters.difference(held, {**held, "pictures": changed}) == "pictures differ: C"
    fewer = {"faces": held["faces"], **{k: held[k][1:] for k in ("characters", "pictures")}}
    assert make_letters.difference(held, fewer) == "characters differ: A"


def test_a_letter_that_is_too_large_is_refused(monkeypatch):
    monkeypatch.setattr(make_letters, "EM", 40)
    with pytest.raises(ValueError, match=r"expected letters of at most 28 pixels. Received: 'Ж' "):
        make_letters.rendered("Ж")


def test_the_sheet_is_the_one_in_the_pages(tmp_path):
    from PIL import Image

    path, page = tmp_path / "sheet.png", make_letters.ROOT / "docs" / "images" / "letters.png"
    assert make_letters.main([f"--sheet={path}"]) == 0
    np.testing.assert_array_equal(np.asarray(Image.open(path)), np.asarray(Image.open(page)))
    assert page.stat().st_size < 60_000
