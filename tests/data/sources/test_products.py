from __future__ import annotations

import pytest
from support import archive_factory as archive
from support.archive_factory import BY_PART, assert_zero_shot

from hsm.data.sources import benchmark
from hsm.data.sources.source import SUPER_CLASSES


def load(root, **options):
    return benchmark.load("products", str(root), expected=BY_PART, **options)


@pytest.fixture
def root(tmp_path):
    return archive.products(tmp_path / "Stanford_Online_Products")


def test_zero_shot_from_the_folder_and_from_its_root(root):
    assert_zero_shot(load(root))
    assert_zero_shot(load(root.parent))


def test_class_names_are_the_class_ids(root):
    source = load(root)
    assert source.train.class_names + source.test.class_names == ("1", "2", "3", "4")


def test_super_classes_are_those_of_the_lists(root):
    path = root / "Ebay_train.txt"
    path.write_text(path.read_text().replace(" 2 1 bicycle", " 2 7 bicycle"))
    source = load(root)
    kinds = source.train.extras[SUPER_CLASSES]
    assert kinds.tolist() == [(1, 7)[label] for label in source.train.labels]
    path.write_text(path.read_text().replace(" 2 7 bicycle", " 2 x bicycle"))
    with pytest.raises(ValueError, match=r"whole numbers .* as super_class_id. Received: 'x'"):
        load(root)


def test_there_is_no_predefined_split(root):
    message = "`split` of products to be one of zero_shot. Received: split=predefined"
    with pytest.raises(ValueError, match=message):
        load(root, split="predefined")


@pytest.mark.parametrize("name", ["Ebay_train.txt", "Ebay_test.txt"])
def test_a_missing_list_is_named(name, root):
    (root / name).unlink()
    with pytest.raises(FileNotFoundError, match=f"{name}: expected .* no such file, .* not wholly"):
        load(root)


@pytest.mark.parametrize(
    ("name", "counts", "received"),
    [("train", "5 images of 2", "4 images of 2"), ("test", "7 images of 2", "6 images of 2")],
)
def test_the_short_list_is_named(name, counts, received, root):
    path = root / f"Ebay_{name}.txt"
    path.write_text("\n".join(path.read_text().splitlines()[:-1]))
    message = (
        rf"expected {counts} classes in the {name} part of products \(zero_shot split\). "
        rf"Received: {received} classes, from Ebay_{name}.txt. It is"
    )
    with pytest.raises(ValueError, match=message):
        load(root)


def test_a_half_unpacked_folder_is_refused(root):
    (root / "bicycle_final" / "1113_1.JPG").unlink()
    message = (
        r"the 7 images that .*Ebay_test.txt lists.* all but 1, such as bicycle_final/1113_1.JPG"
    )
    with pytest.raises(FileNotFoundError, match=message):
        load(root)


def test_classes_that_train_and_are_tested_are_refused(root):
    path = root / "Ebay_test.txt"
    path.write_text(path.read_text().replace(" 3 1 ", " 2 1 "))
    with pytest.raises(
        ValueError, match=r"test classes of products in .* that do not train. .* 1 classes"
    ):
        load(root)


def without_lists(root, rename=lambda path: path.name):
    for name in ("Ebay_train.txt", "Ebay_test.txt"):
        (root / name).unlink()
    for path in sorted(root.glob("*_final/*")):
        path.rename(path.with_name(rename(path)))


def test_without_lists_the_names_of_the_archive_do_not_say_what_trains(root):
    without_lists(root)
    message = r"expected Ebay_train.txt and Ebay_test.txt, .*\*_final/ with 12 images alone"
    with pytest.raises(FileNotFoundError, match=message):
        load(root)


def test_without_lists_names_that_begin_with_class_numbers_give_the_split(root, monkeypatch):
    archive.replace_expected("products", BY_PART, monkeypatch)
    without_lists(root, lambda path: path.name.removeprefix("111"))
    source = load(root)
    assert_zero_shot(source)
    assert source.train.class_names + source.test.class_names == ("1", "2", "3", "4")
    assert source.note == "no lists of images: their names begin with the class numbers"
