"""A small set in the authors' layout, and the real ones where they are."""

from __future__ import annotations

import io
import zipfile

import numpy as np
import pytest
from PIL import Image

from hsm.data.sources import load_source

PNG_HEADER = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + (105).to_bytes(4, "big") * 2


def write_zip(path, characters, drawings=3) -> None:
    """Writes drawings of `alphabet/character` names, with what operating systems leave in zips."""
    with zipfile.ZipFile(path, "w") as archive:
        for number, character in enumerate(characters):
            for index in range(drawings):
                pixels = np.full((105, 105), 255, np.uint8)
                pixels[number, : index + 1] = 0
                buffer = io.BytesIO()
                Image.fromarray(pixels).convert("1").save(buffer, "PNG")
                name = f"{path.stem}/{character}/{index:02}.png"
                archive.writestr(name, buffer.getvalue())
                archive.writestr(f"__MACOSX/{path.stem}/{character}/._{index:02}.png", b"no image")
            archive.writestr(f"{path.stem}/{character}/.DS_Store", b"no image")


@pytest.fixture
def folder(tmp_path):
    write_zip(tmp_path / "images_background_small1.zip", ["Greek/c2", "Greek/c1", "Korean/c1"])
    test_characters = ["Tagalog/c1", "Greek/c1", "Tagalog/c2", "Greek/c3"]
    write_zip(tmp_path / "images_background_small2.zip", test_characters)
    return tmp_path


def test_one_zip_trains_and_what_is_new_in_the_other_is_tested(folder):
    source = load_source("omniglot", data_dir=str(folder))
    assert source.name == "omniglot"
    assert source.train.class_names == ("Greek/c1", "Greek/c2", "Korean/c1")
    assert source.test.class_names == ("Greek/c3", "Tagalog/c1", "Tagalog/c2")
    assert source.excluded_seen == ("Greek/c1",)
    assert source.train.labels.tolist() == [0, 0, 0, 1, 1, 1, 2, 2, 2]
    assert source.train.images.shape == (9, 105, 105, 3)
    # The second character written is the first by name: its line is the picture's second.
    strokes = (source.train.images[..., 0] == 0).sum(axis=2)
    assert strokes[:, 1].tolist() == [1, 2, 3, 0, 0, 0, 0, 0, 0]
    assert set(np.unique(source.train.images)) == {0, 255}
    assert not source.flip


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", r"expected PNGs of 105x105 pixels. Received: 'x/Greek/c4/00.png', which is none"),
        (PNG_HEADER + b"damaged", r"x/Greek/c4/00.png: expected a PNG. .* cannot be decoded"),
    ],
)
def test_a_drawing_that_is_none_is_named(content, message, folder):
    path = folder / "images_background_small1.zip"
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("x/Greek/c4/00.png", content)
    with pytest.raises(ValueError, match=rf"small1.zip.*{message}"):
        load_source("omniglot", data_dir=str(folder))


def test_the_whole_of_omniglot_is_known_too(tmp_path):
    write_zip(tmp_path / "images_background.zip", ["A/c1", "A/c2"])
    write_zip(tmp_path / "images_evaluation.zip", ["B/c1", "B/c2"])
    source = load_source("omniglot", data_dir=str(tmp_path), limit=4)
    assert source.test.class_names == ("B/c1", "B/c2")
    assert len(source.test) == 4


def test_a_missing_zip_is_said_with_its_source(folder):
    (folder / "images_background_small2.zip").unlink()
    with pytest.raises(FileNotFoundError, match=r"images_background_small2.zip.*brendenlake"):
        load_source("omniglot", data_dir=str(folder))


def test_a_broken_zip_is_said_by_name(folder):
    path = folder / "images_background_small2.zip"
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(
        ValueError, match=r"small2.zip: expected a whole zip file.*Download it again"
    ):
        load_source("omniglot", data_dir=str(folder))


def test_a_zip_without_drawings_is_said_by_name(folder):
    write_zip(folder / "images_background_small1.zip", [])
    with pytest.raises(ValueError, match=r"small1.zip: expected drawings.*Received: 0 characters"):
        load_source("omniglot", data_dir=str(folder))


def test_sets_without_a_new_character_are_refused(folder):
    write_zip(folder / "images_background_small2.zip", ["Greek/c1", "Greek/c2"])
    with pytest.raises(ValueError, match=r"at least two characters that .*small1.zip does not"):
        load_source("omniglot", data_dir=str(folder))


def test_the_real_sets(shared_dir):
    source = load_source("omniglot", data_dir=str(shared_dir / "data" / "omniglot"))
    assert (len(source.train), source.train.num_classes) == (136 * 20, 136)
    # Greek and Latin, 24 and 26 characters, are drawing by drawing in both sets.
    assert (len(source.test), source.test.num_classes) == ((156 - 50) * 20, 156 - 50)
    assert {name.split("/")[0] for name in source.excluded_seen} == {"Greek", "Latin"}
    trained = {image.tobytes() for image in source.train.images}
    assert not any(image.tobytes() in trained for image in source.test.images)
