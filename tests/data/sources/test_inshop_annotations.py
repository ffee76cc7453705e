"""In-shop's landmarks, boxes and attributes: what each file says, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image
from support import archive_factory as archive

from hsm.data.sources import benchmark
from hsm.data.sources.inshop_annotations import has_annotations, read_annotations

FILES = ("list_landmarks_inshop.txt", "list_bbox_inshop.txt", "list_attr_items.txt")


@pytest.fixture
def root(tmp_path):
    return archive.annotated_inshop(tmp_path / "In-shop")


def train(root):
    return benchmark.load("inshop", str(root), expected=archive.WITH_GALLERY).train


def test_what_the_files_say_of_each_image(root):
    split = train(root)
    known = read_annotations(split)
    for row, photo in enumerate(archive.photos_of(split)):
        with Image.open(split.images[row]) as picture:
            width, height = picture.size
        # Upper-body clothes have no waistline, lower-body ones neither collar nor sleeve.
        places = {1: (0, 1, 2, 3, 6, 7), 2: (4, 5, 6, 7)}[photo.number]
        for number, place in enumerate(places):
            x, y = (2 + 4 * number + 0.5) / width, (photo.index + 3 * number + 0.5) / height
            assert known.landmarks[row, place] == pytest.approx((x, y, number % 3))
        others = sorted({*range(8)} - {*places})
        assert (known.landmarks[row, others, 2] == 2).all()
        box = [photo.index, 2, 35, 30 + photo.number]
        sides = [width, height, width, height]
        np.testing.assert_allclose(known.boxes[row], (np.array(box) + 0.5) / sides, rtol=1e-6)
        values = [(place + photo.number) % 3 - 1 for place in range(463)]
        assert known.attributes[row].tolist() == values
    assert known.categories.tolist() == [0] * len(split)


def test_files_may_lie_beside_attributes_of_their_own_folder(root):
    (root / "Anno/attributes").mkdir()
    (root / "Anno/list_attr_items.txt").rename(root / "Anno/attributes/list_attr_items.txt")
    assert read_annotations(train(root)).attributes.shape == (5, 463)


@pytest.mark.parametrize("name", FILES)
def test_without_one_of_the_files_there_are_no_annotations(name, root):
    assert has_annotations(train(root))
    (root / "Anno" / name).unlink()
    assert not has_annotations(train(root))
    with pytest.raises(ValueError, match=rf"expected .*{name}.* Put them into Anno/"):
        read_annotations(train(root))


def test_photographs_of_another_resolution_have_none(root):
    (root / "Img" / "img").rename(root / "Img" / "img_highres")
    assert not has_annotations(train(root))


def first_line(name, change):
    """A change of the line of the first image or item."""

    def apply(root):
        path = root / "Anno" / name
        lines = path.read_text().splitlines()
        lines[2] = change(lines[2])
        path.write_text("\n".join(lines) + "\n")

    return apply


LANDMARKS, BOXES, ATTRIBUTES = FILES
WRONG = {
    "too few": (
        lambda root: (root / "Anno" / BOXES).write_text(
            "\n".join((root / "Anno" / BOXES).read_text().splitlines()[:-1])
        ),
        r"bbox_inshop.txt: expected as many lines as the first line says, 12. Received: 11",
    ),
    "another image": (
        first_line(LANDMARKS, lambda line: line.replace("img/", "jpg/")),
        r"landmarks_inshop.txt: expected every image.* 1 of 5 are missing, the first .*00_1_front",
    ),
    "a type of clothes": (
        first_line(LANDMARKS, lambda line: line.replace(" 1 1 ", " 4 1 ", 1)),
        r"from 1 to 3 as the type of clothes in the line of img.*Received: '4'",
    ),
    "a landmark too few": (
        first_line(LANDMARKS, lambda line: line.rsplit(" ", 3)[0]),
        r"expected 6 landmarks of clothes of type 1.* Received: 15 numbers",
    ),
    "a visibility": (
        first_line(LANDMARKS, lambda line: line.replace(" 1 1 0 ", " 1 1 3 ", 1)),
        r"from 0 to 2 as the visibility in .*Received: '3'",
    ),
    "a place": (
        first_line(LANDMARKS, lambda line: line.replace(" 002 ", " x ", 1)),
        r"as x in the line of .*Received: 'x'",
    ),
    "a corner": (
        first_line(BOXES, lambda line: line.replace(" 035 ", " 000 ")),
        r"upper left and the lower right corner .*Received: 000 002 000 031",
    ),
    "a column": (
        first_line(BOXES, lambda line: line.rsplit(" ", 1)[0]),
        r"expected clothes_type, pose_type, .*Received: 5 values",
    ),
    "an attribute": (
        first_line(ATTRIBUTES, lambda line: line.replace(" 1 ", " 2 ", 1)),
        r"463 values of 1, 0 or -1 in the line of id_00000001. Received: 463 values, one .*'2'",
    ),
    "an attribute too few": (
        first_line(ATTRIBUTES, lambda line: line.rsplit(" ", 1)[0]),
        r"expected 463 values .*Received: 462 values",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_breaks_a_rule_is_named(name, root):
    change, message = WRONG[name]
    split = train(root)
    change(root)
    with pytest.raises(ValueError, match=message):
        read_annotations(split)


def test_more_categories_than_the_data_set_has_are_refused(root):
    split = train(root)
    split.extras["super_classes"][0] = 23
    with pytest.raises(ValueError, match=r"at most 23 folders of categories.*Received: 24"):
        read_annotations(split)
