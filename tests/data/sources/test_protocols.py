"""Queries and gallery, and halves of every class: who goes where, and that labels agree."""

from __future__ import annotations

import numpy as np
import pytest

from hsm.data.sources.protocols import all_classes, with_gallery, within_classes
from hsm.data.sources.source import EncodedImages, ImageSource, Split


def split(first, labels, names, form="paths"):
    """A split whose images are numbered from `first` on."""
    numbers = np.arange(first, first + len(labels))
    images = {
        "paths": tuple(f"{number}.jpg" for number in numbers),
        "pixels": numbers.astype(np.uint8).reshape(-1, 1, 1, 1),
        "records": EncodedImages(_read, numbers),
    }[form]
    return Split(images, np.array(labels, np.int32), names)


def _read(record):
    return b"%d" % record


def numbers(images):
    if isinstance(images, np.ndarray):
        return images[:, 0, 0, 0].tolist()
    if isinstance(images, EncodedImages):
        return [int(images[index]) for index in range(len(images))]
    return [int(path.removesuffix(".jpg")) for path in images]


def source(form="paths", test_labels=(0, 1, 0, 1, 0), gallery=None):
    return ImageSource(
        "made up",
        train=split(0, [0, 0, 1, 1], ("a", "b"), form),
        test=split(10, test_labels, ("c", "d"), form),
        gallery=gallery,
        flip=False,
        skipped=("bad.jpg",),
    )


@pytest.mark.parametrize("form", ["paths", "pixels", "records"])
def test_test_images_are_dealt_to_queries_and_gallery(form):
    divided = with_gallery(source(form))
    # Class c has the images 10, 12, 14, class d 11 and 13.
    assert numbers(divided.test.images) == [10, 11, 14]
    assert divided.test.labels.tolist() == [0, 1, 0]
    assert numbers(divided.gallery.images) == [12, 13]
    assert divided.gallery.labels.tolist() == [0, 1]
    assert divided.test.class_names == divided.gallery.class_names == ("c", "d")
    assert numbers(divided.train.images) == [0, 1, 2, 3]
    assert (divided.name, divided.flip, divided.skipped) == ("made up", False, ("bad.jpg",))


def test_a_gallery_of_its_own_stays():
    own = source(gallery=split(20, [0, 1], ("c", "d")))
    assert with_gallery(own) is own


def test_a_class_of_one_image_is_left_out_of_queries_and_gallery_and_counted():
    test = split(10, [0, 1, 1, 2, 2], ("lone", "c", "d"))
    divided = with_gallery(ImageSource("made up", split(0, [0, 1], ("a", "b")), test))
    assert divided.excluded_singletons == ("lone",)
    assert divided.test.class_names == ("c", "d")
    assert numbers(divided.test.images) == [11, 13]
    assert divided.test.labels.tolist() == [0, 1]


@pytest.mark.parametrize("form", ["paths", "pixels", "records"])
def test_all_classes_are_dealt_to_both_halves(form):
    divided = within_classes(source(form))
    assert numbers(divided.train.images) == [0, 2, 10, 11, 14]
    assert divided.train.labels.tolist() == [0, 1, 2, 3, 2]
    assert numbers(divided.test.images) == [1, 3, 12, 13]
    assert divided.test.labels.tolist() == [0, 1, 2, 3]
    assert divided.train.class_names == divided.test.class_names == ("a", "b", "c", "d")


def test_a_gallery_is_divided_with_the_images_of_its_classes():
    divided = within_classes(source(gallery=split(20, [0, 1, 1], ("c", "d"))))
    assert numbers(divided.train.images) == [0, 2, 10, 11, 14, 21]
    assert numbers(divided.test.images) == [1, 3, 12, 13, 20, 22]
    assert divided.test.labels.tolist() == [0, 1, 2, 3, 2, 3]
    assert divided.gallery is None


def test_too_few_images_are_refused():
    lone = ImageSource("made up", split(0, [0, 1], ("a", "b")), split(10, [0, 0, 1], ("c", "d")))
    with pytest.raises(ValueError, match=r"two or more test images each.*Received: 1 of 2 classes"):
        with_gallery(lone)
    with pytest.raises(ValueError, match=r"two or more images each.*Received: 1 of 4 classes"):
        within_classes(lone)


def test_parts_of_different_forms_are_refused():
    mixed = ImageSource(
        "made up",
        split(0, [0, 1], ("a", "b")),
        split(10, [0, 1], ("c", "d"), "pixels"),
    )
    with pytest.raises(ValueError, match="of one form.* Received: tuple and ndarray"):
        within_classes(mixed)
    other = EncodedImages(lambda record: b"other", np.arange(2))
    records = ImageSource(
        "made up",
        split(0, [0, 1], ("a", "b"), "records"),
        Split(other, np.array([0, 1], np.int32), ("c", "d")),
    )
    with pytest.raises(ValueError, match="records of the same files"):
        within_classes(records)


@pytest.mark.parametrize("form", ["paths", "pixels", "records"])
def test_all_classes_train(form):
    divided = all_classes(source(form))
    assert numbers(divided.train.images) == [0, 1, 2, 3, 10, 11, 12, 13, 14]
    assert divided.train.class_names == ("a", "b", "c", "d")
    assert numbers(divided.test.images) == numbers(divided.train.images)
    assert divided.tests_training


def test_held_out_classes_do_not_train():
    divided = all_classes(source(), 2)
    assert (divided.train.class_names, divided.test.class_names) == (("a", "c"), ("b", "d"))
    assert numbers(divided.train.images) == [0, 1, 10, 12, 14]
    assert numbers(divided.test.images) == [2, 3, 11, 13]
    assert not divided.tests_training


def test_a_class_of_one_image_trains_and_is_not_tested():
    divided = all_classes(source(test_labels=(0, 0, 0, 0, 1)))
    assert divided.train.num_classes == 4
    assert divided.test.class_names == ("a", "b", "c")
    assert divided.excluded_singletons == ("d",)
