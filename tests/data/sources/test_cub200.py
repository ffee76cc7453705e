from __future__ import annotations

import pytest
from support import archive_factory as archive
from support.archive_factory import BY_CLASS, assert_predefined, assert_zero_shot

from hsm.data.sources import benchmark

PLACES = ["", "CUB_200_2011", "CUB_200_2011/CUB_200_2011", "birds"]


def load(root, **options):
    return benchmark.load("cub200", str(root), expected=BY_CLASS, **options)


@pytest.fixture
def root(tmp_path):
    return archive.cub200(tmp_path / "CUB_200_2011")


def rewrite(path, change) -> None:
    path.write_text("\n".join(change(path.read_text().splitlines())) + "\n")


@pytest.mark.parametrize("place", PLACES)
def test_both_splits_from_the_folder_or_its_root(place, tmp_path):
    archive.cub200(tmp_path / place)
    assert_zero_shot(load(tmp_path))
    assert_predefined(load(tmp_path, split="predefined"))


def test_class_names_are_the_folders(root):
    source = load(root)
    assert source.train.class_names + source.test.class_names == archive.BIRDS


def test_the_lists_need_not_have_the_same_order(root):
    rewrite(root / "image_class_labels.txt", lambda lines: lines[::-1])
    assert_zero_shot(load(root))


def test_only_the_predefined_split_needs_its_list(root):
    (root / "train_test_split.txt").unlink()
    assert_zero_shot(load(root))
    with pytest.raises(ValueError, match=r"predefined of cub200 needs.*add train_test_split.txt"):
        load(root, split="predefined")


@pytest.mark.parametrize("name", ["image_class_labels.txt", "train_test_split.txt"])
def test_a_list_that_is_shorter_than_another_is_named(name, root):
    rewrite(root / name, lambda lines: lines[:-2])
    message = f"images.txt and {name} must list the same images. Received: 12 and 10 images in"
    with pytest.raises(ValueError, match=message):
        load(root)


def test_a_line_that_breaks_off_is_named(root):
    rewrite(root / "images.txt", lambda lines: [*lines[:4], "5"])
    message = r"Line 5 of .*images.txt must hold image number, path. Received: '5'. The file is"
    with pytest.raises(ValueError, match=message):
        load(root)


def test_an_empty_list_is_named(root):
    (root / "images.txt").write_text("")
    with pytest.raises(ValueError, match=r"images.txt lists no image: unpack"):
        load(root)


def test_a_missing_list_is_named(root):
    (root / "images.txt").unlink()
    with pytest.raises(FileNotFoundError, match=r"images.txt is missing: the archive is not whol"):
        load(root)


@pytest.mark.parametrize("number", ["0", "1000001", "9" * 5000, "-1", "²"])
def test_a_number_that_no_class_has_is_named(number, root):
    rewrite(root / "image_class_labels.txt", lambda lines: [f"1 {number}", *lines[1:]])
    with pytest.raises(ValueError, match=r"labels.txt must hold whole numbers as class. .*from 1"):
        load(root)


def test_an_image_that_is_listed_twice_is_refused(root):
    rewrite(root / "image_class_labels.txt", lambda lines: [*lines, "1 2"])
    with pytest.raises(ValueError, match=r"class_labels.txt must list every image once"):
        load(root)


@pytest.mark.parametrize("name", ["../../x.jpg", "/etc/hostname"])
def test_a_path_that_leads_out_of_the_folder_is_refused(name, root):
    rewrite(root / "images.txt", lambda lines: [f"1 {name}", *lines[1:]])
    with pytest.raises(ValueError, match=r"images.txt must list images in .*images. Received"):
        load(root)


def test_bytes_that_are_no_text_are_named_with_their_line(root):
    path = root / "images.txt"
    path.write_bytes(path.read_bytes().replace(b"\n3 ", b"\n3 \xff"))
    with pytest.raises(ValueError, match=r"Line 3 of .*images.txt must be text in UTF-8.*0xff"):
        load(root)


def test_a_class_that_is_no_number_is_named(root):
    rewrite(root / "image_class_labels.txt", lambda lines: ["1 x", *lines[1:]])
    with pytest.raises(ValueError, match=r"labels.txt must hold whole numbers as class. .*'x'"):
        load(root)


def test_a_folder_without_the_labels_is_refused_and_not_overlooked(root):
    (root / "image_class_labels.txt").unlink()
    with pytest.raises(FileNotFoundError, match="has images.txt, but no image_class_labels.txt"):
        load(root)


def test_a_half_unpacked_folder_is_refused(root):
    (root / "images" / archive.BIRDS[3]).rename(root / "elsewhere")
    message = r"4 of 12 images that .*images.txt lists are not in .*images, for example 004.Bobo"
    with pytest.raises(FileNotFoundError, match=message):
        load(root)


def test_lists_that_are_all_short_are_counted(root):
    for name in ("images.txt", "image_class_labels.txt", "train_test_split.txt"):
        rewrite(root / name, lambda lines: lines[1:])
    message = (
        r"train part of cub200 \(predefined split\) must have 8 images of 4 classes. Received: "
        r"7 images of 4 classes, from images.txt, image_class_labels.txt, train_test_split.txt in"
    )
    with pytest.raises(ValueError, match=message):
        load(root)
