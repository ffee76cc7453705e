from __future__ import annotations

import pytest

from hsm.data.sources import load_source


def test_other_names_are_refused():
    known = "digits, letters, omniglot, mnist, image_folder, .*"
    with pytest.raises(ValueError, match=f"one of {known}. Received: birds"):
        load_source("birds")


@pytest.mark.parametrize("name", ["omniglot", "image_folder"])
@pytest.mark.parametrize("data_dir", [None, ""])
def test_a_missing_folder_is_asked_for(name, data_dir):
    with pytest.raises(ValueError, match=f"`data_dir`, a folder that holds .* data set {name}"):
        load_source(name, data_dir=data_dir)


@pytest.mark.parametrize(
    ("argument", "choices"),
    [
        ("split", "zero_shot, query_gallery, classification, all"),
        ("on_bad_image", "error, skip"),
        ("singletons", "error, exclude"),
    ],
)
def test_other_ways_are_refused(argument, choices):
    message = f"expected `{argument}` to be one of {choices}. Received: {argument}=ignore"
    with pytest.raises(ValueError, match=message):
        load_source("digits", **{argument: "ignore"})


def test_classification_divides_every_class_of_a_set_without_a_predefined_split():
    source = load_source("digits", split="classification")
    assert source.train.class_names == source.test.class_names == tuple("0123456789")
    assert len(source.train) + len(source.test) == 1797
    assert source.gallery is None


def test_query_gallery_divides_the_test_classes():
    whole, divided = load_source("digits"), load_source("digits", split="query_gallery")
    assert divided.test.class_names == divided.gallery.class_names == whole.test.class_names
    assert len(divided.test) + len(divided.gallery) == len(whole.test)
    assert len(divided.train) == len(whole.train)
