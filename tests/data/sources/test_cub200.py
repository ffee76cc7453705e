from __future__ import annotations

import pytest
from support import archive_factory as archive
from support.archive_factory import BY_CLASS, assert_predefined, assert_zero_shot

from hsm.data.sources import benchmark

LISTS = ("images.txt", "image_class_labels.txt", "train_test_split.txt")
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
    with pytest.raises(
        ValueError, match=r"the split predefined of cub200.*add train_test_split.txt"
    ):
        load(root, split="predefined")


@pytest.mark.parametrize("name", ["image_class_labels.txt", "train_test_split.txt"])
def test_a_list_that_is_shorter_than_another_is_named(name, root):
    rewrite(root / name, lambda lines: lines[:-2])
    message = f"expected the same images in images.txt and {name}. Received: 12 and 10 images"
    with pytest.raises(ValueError, match=message):
        load(root)


def test_a_line_that_breaks_off_is_named(root):
    rewrite(root / "images.txt", lambda lines: [*lines[:4], "5"])
    message = r"images.txt: expected image number, path in line 5. Received: '5'. The file is"
    with pytest.raises(ValueError, match=message):
        load(root)


def test_an_empty_list_is_named(root):
    (root / "images.txt").write_text("")
    with pytest.raises(
        ValueError, match=r"images.txt: expected a list of images. Received: none. Unpack"
    ):
        load(root)


def test_a_missing_list_is_named(root):
    (root / "images.txt").unlink()
    with pytest.raises(
        FileNotFoundError, match=r"images.txt: expected .* no such file.* not wholly unpacked"
    ):
        load(root)


@pytest.mark.parametrize("number", ["0", "1000001", "9" * 5000, "-1", "²"])
def test_a_number_that_no_class_has_is_named(number, root):
    rewrite(root / "image_class_labels.txt", lambda lines: [f"1 {number}", *lines[1:]])
    with pytest.raises(
        ValueError, match=r"labels.txt: expected whole numbers from 1 to .* as class"
    ):
        load(root)


def test_an_image_that_is_listed_twice_is_refused(root):
    rewrite(root / "image_class_labels.txt", lambda lines: [*lines, "1 2"])
    with pytest.raises(ValueError, match=r"class_labels.txt: expected every image once"):
        load(root)


@pytest.mark.parametrize("name", ["../../x.jpg", "/etc/hostname"])
def test_a_path_that_leads_out_of_the_folder_is_refused(name, root):
    rewrite(root / "images.txt", lambda lines: [f"1 {name}", *lines[1:]])
    with pytest.raises(ValueError, match=r"images.txt: expected images in .*images. Received"):
        load(root)


def test_bytes_that_are_no_text_are_named_with_their_line(root):
    path = root / "images.txt"
    path.write_bytes(path.read_bytes().replace(b"\n3 ", b"\n3 \xff"))
    with pytest.raises(ValueError, match=r"images.txt: expected text in UTF-8 in line 3.*0xff"):
        load(root)


def test_a_class_that_is_no_number_is_named(root):
    rewrite(root / "image_class_labels.txt", lambda lines: ["1 x", *lines[1:]])
    with pytest.raises(ValueError, match=r"labels.txt: expected whole numbers .* as class. .*'x'"):
        load(root)


def test_a_folder_without_the_labels_is_refused_and_not_overlooked(root):
    (root / "image_class_labels.txt").unlink()
    with pytest.raises(FileNotFoundError, match="expected images.txt and image_class_labels.txt"):
        load(root)


def test_a_half_unpacked_folder_is_refused(root):
    (root / "images" / archive.BIRDS[3]).rename(root / "elsewhere")
    message = (
        r"images: expected the 12 images that .*images.txt lists.* all but 4, such as 004.Bobo"
    )
    with pytest.raises(FileNotFoundError, match=message):
        load(root)


def test_lists_that_are_all_short_are_counted(root):
    for name in ("images.txt", "image_class_labels.txt", "train_test_split.txt"):
        rewrite(root / name, lambda lines: lines[1:])
    message = (
        r"expected 8 images of 4 classes in the train part of cub200 \(predefined split\). "
        r"Received: 7 .* from images.txt, image_class_labels.txt, train_test_split.txt. It is"
    )
    with pytest.raises(ValueError, match=message):
        load(root)


@pytest.mark.parametrize("place", PLACES)
def test_class_folders_without_lists_have_the_numbers_of_their_names(place, tmp_path):
    home = archive.cub200(tmp_path / place)
    for name in LISTS:
        (home / name).unlink()
    source = load(tmp_path)
    assert_zero_shot(source)
    assert source.note == "no lists of images: the classes are in the order of their folders' names"
    with pytest.raises(
        ValueError, match=r"the split predefined of cub200.*add train_test_split.txt"
    ):
        load(tmp_path, split="predefined")


def in_parts(root, part_of):
    """Class folders in train/ and test/, as benchmarks of metric learning have them."""
    for photo in archive.PHOTOS:
        photo.write(root / part_of(photo) / archive.BIRDS[photo.number - 1] / f"{photo.index}.jpg")
    return root


@pytest.mark.parametrize("place", ["", "CUB_200_2011", "cub200"])
def test_train_and_test_of_other_classes_are_the_zero_shot_split(place, tmp_path):
    in_parts(tmp_path / place, lambda photo: "train" if photo.number <= 2 else "test")
    source = load(tmp_path)
    assert_zero_shot(source)
    assert source.train.class_names == archive.BIRDS[:2]
    with pytest.raises(ValueError, match="whose folders train/ and test/ hold all classes"):
        load(tmp_path, split="predefined")


def test_train_and_test_of_the_same_classes_are_joined_and_it_is_said(tmp_path):
    in_parts(tmp_path, lambda photo: "test" if photo.is_last else "train")
    source = load(tmp_path)
    assert_zero_shot(source)
    assert "train/ and test/ hold the same classes, of which the first train" in source.note
    assert_predefined(load(tmp_path, split="predefined"))


def test_another_choice_of_training_classes_is_refused(tmp_path):
    in_parts(tmp_path, lambda photo: "train" if photo.number in (1, 3) else "test")
    message = "Received: 003.Blackbird in train/ and 002.Auklet in test/. Move the class folders"
    with pytest.raises(ValueError, match=message):
        load(tmp_path)


def test_numbers_from_0_and_without_zeros_are_in_their_order(tmp_path):
    for photo in archive.PHOTOS:
        photo.write(tmp_path / "cub" / str(8 + photo.number) / f"{photo.index}.jpg")
    source = load(tmp_path)
    assert_zero_shot(source)
    assert source.train.class_names + source.test.class_names == ("9", "10", "11", "12")


def test_numbered_cars_and_folders_of_other_names_are_no_birds(tmp_path):
    archive.cars_class_folders(tmp_path / "cars", prefix=True)
    for photo in archive.PHOTOS:
        photo.write(tmp_path / "pictures" / str(photo.number) / f"{photo.index}.jpg")
    message = "has nothing of this: it holds cars/, pictures/. "
    with pytest.raises(FileNotFoundError, match=message):
        load(tmp_path)


def test_of_train_without_test_the_missing_classes_are_counted(tmp_path):
    in_parts(tmp_path, lambda photo: "train" if photo.number <= 2 else "../elsewhere")
    message = (
        r"expected 7 images of 2 classes in the test part.* Received: 0 .*folders of .*/train. It"
    )
    with pytest.raises(ValueError, match=message):
        load(tmp_path)
