"""Every layout of Cars196 gives the same splits, and half of one is refused by name."""

from __future__ import annotations

import pytest
from support import archive_factory as archive
from support.archive_factory import BY_CLASS, assert_predefined, assert_zero_shot

from hsm.data.sources import benchmark

LAYOUTS = {
    "one file": lambda root: archive.cars_one_file(root),
    "one file in the common root": lambda root: archive.cars_one_file(root / "cars196").parent,
    "devkit": lambda root: archive.cars_two_files(root),
    "annotations beside": lambda root: archive.cars_two_files(root, devkit=""),
    "folders in folders": lambda root: archive.cars_two_files(root, twice=True),
    "devkit beside, in the common root": lambda root: (
        archive.cars_two_files(root / "cars196", devkit="../car_devkit/devkit").parent
    ),
    "train and test": lambda root: archive.cars_class_folders(root, parts=True),
    "train and test in folders": lambda root: archive.cars_class_folders(
        root / "car_data" / "car_data", parts=True
    ).parents[1],
}
WITHOUT_PARTS = {
    "class folders": lambda root: archive.cars_class_folders(root),
    "numbered class folders": lambda root: archive.cars_class_folders(root, prefix=True),
    "images": lambda root: archive.cars_class_folders(root / "cars196" / "images").parents[1],
}


def load(root, **options):
    return benchmark.load("cars196", str(root), expected=BY_CLASS, **options)


@pytest.mark.parametrize("layout", [*LAYOUTS, *WITHOUT_PARTS])
def test_zero_shot_of_every_layout(layout, tmp_path):
    assert_zero_shot(load({**LAYOUTS, **WITHOUT_PARTS}[layout](tmp_path)))


@pytest.mark.parametrize("layout", LAYOUTS)
def test_predefined_of_every_layout_that_says_it(layout, tmp_path):
    assert_predefined(load(LAYOUTS[layout](tmp_path), split="predefined"))


@pytest.mark.parametrize("layout", WITHOUT_PARTS)
def test_predefined_needs_to_know_what_trains(layout, tmp_path):
    with pytest.raises(ValueError, match="which images train.*that do not tell.*train/ and test/"):
        load(WITHOUT_PARTS[layout](tmp_path), split="predefined")


@pytest.mark.parametrize("layout", ["one file", "devkit"])
def test_class_names_are_those_of_the_annotations(layout, tmp_path):
    source = load(LAYOUTS[layout](tmp_path))
    assert source.train.class_names + source.test.class_names == archive.CARS


def test_classes_without_names_are_called_by_their_numbers(tmp_path):
    root = archive.cars_two_files(tmp_path)
    (root / "devkit" / "cars_meta.mat").unlink()
    assert load(root).test.class_names == ("3", "4")


@pytest.mark.parametrize(
    ("make", "removed", "received"),
    [
        (archive.cars_one_file, "car_ims", "only cars_annos.mat"),
        (archive.cars_one_file, "cars_annos.mat", "only car_ims/"),
        (
            archive.cars_two_files,
            "devkit/cars_test_annos_withlabels.mat",
            "only cars_train_annos.mat, cars_train/, cars_test/",
        ),
        (
            archive.cars_two_files,
            "cars_test",
            "only cars_train_annos.mat, cars_test_annos_withlabels.mat, cars_train/",
        ),
    ],
)
def test_half_of_a_layout_is_refused(make, removed, received, tmp_path):
    root = make(tmp_path)
    (root / removed).rename(root / "elsewhere")
    with pytest.raises(FileNotFoundError, match=f"expected .*Received: {received}. Unpack the"):
        load(root)


def test_a_half_unpacked_folder_is_refused(tmp_path):
    root = archive.cars_one_file(tmp_path)
    (root / "car_ims" / "000002.jpg").unlink()
    (root / "car_ims" / "000012.jpg").unlink()
    message = (
        "car_ims: expected the 12 images that .*cars_annos.mat lists.* all but 2, .*000002.jpg"
    )
    with pytest.raises(FileNotFoundError, match=f"{message}.*Unpack it again"):
        load(root)


@pytest.mark.parametrize("content", ["<html>404</html>", "half", ""])
def test_annotations_that_are_no_matlab_file_are_refused(content, tmp_path):
    root = archive.cars_one_file(tmp_path)
    path = root / "cars_annos.mat"
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2] if content == "half" else content.encode())
    with pytest.raises(
        ValueError, match=r"cars_annos.mat: expected a whole MATLAB file.*get it again"
    ):
        load(root)


def test_annotations_without_classes_are_refused(tmp_path):
    root = archive.cars_two_files(tmp_path)
    path = root / "devkit" / "cars_test_annos_withlabels.mat"
    fields = ("bbox_x1", "bbox_y1", "bbox_x2", "bbox_y2", "fname")
    archive.save_annotations(path, fields, [(1, 2, 3, 4, "00001.jpg")])
    with pytest.raises(
        ValueError, match=r"withlabels.mat: expected annotations with the fields fname, class"
    ):
        load(root)


def test_annotations_without_their_variable_are_refused(tmp_path):
    root = archive.cars_one_file(tmp_path)
    archive.savemat(root / "cars_annos.mat", {"other": [1]})
    with pytest.raises(ValueError, match=r"cars_annos.mat: expected the variable annotations"):
        load(root)


def test_of_two_files_the_short_one_is_named(tmp_path):
    root = archive.cars_two_files(tmp_path)
    path = root / "devkit" / "cars_test_annos_withlabels.mat"
    fields = ("bbox_x1", "bbox_y1", "bbox_x2", "bbox_y2", "class", "fname")
    archive.save_annotations(path, fields, [(1, 2, 3, 4, n, f"{n:05}.jpg") for n in (1, 2, 3)])
    message = (
        r"expected 4 images of 4 classes in the test part of cars196 \(predefined split\). "
        r"Received: 3 images of 3 classes, from cars_test_annos_withlabels.mat. It is"
    )
    with pytest.raises(ValueError, match=message):
        load(root)


def test_a_missing_class_folder_is_counted(tmp_path):
    root = archive.cars_class_folders(tmp_path)
    (root / archive.CARS[3]).rename(tmp_path / archive.CARS[3].replace("2012", "2013"))
    assert_zero_shot(load(root))
    (root / archive.CARS[2]).rename(tmp_path.parent / "cars_elsewhere")
    message = (
        "expected 7 images of 2 classes in the test part .* Received: 4 images of 1 classes, from"
    )
    with pytest.raises(ValueError, match=f"{message} the folders of"):
        load(root)


def test_train_and_test_of_other_classes_are_the_zero_shot_split(tmp_path):
    for photo in archive.PHOTOS:
        part = "train" if photo.number <= 2 else "test"
        photo.write(tmp_path / part / archive.CARS[photo.number - 1] / f"{photo.index}.jpg")
    assert_zero_shot(load(tmp_path))


def test_that_train_and_test_are_not_the_class_split_is_said(tmp_path):
    note = load(archive.cars_class_folders(tmp_path, parts=True)).note
    assert note.endswith("of which the first train: the images of both are joined")


def test_folders_that_are_numbers_are_the_class_ids(tmp_path):
    for photo in archive.PHOTOS:
        photo.write(tmp_path / "cars196" / "images" / str(photo.number) / f"{photo.index}.jpg")
    source = load(tmp_path)
    assert_zero_shot(source)
    assert source.test.class_names == ("3", "4")


def test_folders_of_other_things_are_no_cars(tmp_path):
    archive.cub200(tmp_path / "CUB_200_2011")
    archive.products(tmp_path / "Stanford_Online_Products")
    with pytest.raises(FileNotFoundError, match="folder of data set cars196, or to hold it"):
        load(tmp_path)


def test_half_of_the_real_set_in_class_folders(shared_dir):
    annotations = benchmark.find("cars196", str(shared_dir / "data" / "cars196_half"))
    assert len(annotations.images) == len(annotations.classes) == len(annotations.parts)
    assert len(annotations.class_names) == len(set(annotations.classes)) == 196
