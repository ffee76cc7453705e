from __future__ import annotations

import pytest

from hsm.data.sources import load_source


def test_other_names_are_refused():
    with pytest.raises(
        ValueError, match="one of digits, omniglot, image_folder, .*. Received: birds"
    ):
        load_source("birds")


@pytest.mark.parametrize("name", ["omniglot", "image_folder"])
@pytest.mark.parametrize("data_dir", [None, ""])
def test_a_missing_folder_is_asked_for(name, data_dir):
    with pytest.raises(ValueError, match=f"Data set {name} needs --data_dir, a folder that holds"):
        load_source(name, data_dir=data_dir)


@pytest.mark.parametrize(
    ("argument", "choices"),
    [
        ("split", "zero_shot, predefined"),
        ("on_bad_image", "error, skip"),
        ("singletons", "error, exclude"),
    ],
)
def test_other_ways_are_refused(argument, choices):
    message = f"`{argument}` must be one of {choices}. Received: {argument}=ignore"
    with pytest.raises(ValueError, match=message):
        load_source("digits", **{argument: "ignore"})


@pytest.mark.parametrize("name", ["digits", "omniglot", "image_folder"])
def test_a_predefined_split_is_refused_where_there_is_none(name):
    message = f"Data set {name} has no predefined split. Received: split=predefined"
    with pytest.raises(ValueError, match=message):
        load_source(name, split="predefined")
