"""A data set's name starts names of files: what could not is refused before images are read."""

from __future__ import annotations

import os

import pytest

from hsm.data.sources import load_source
from hsm.data.sources.source_name import check_source_name


@pytest.mark.parametrize("name", ["birds", "鳥", "a b&c%", "n" * 190])
def test_names_that_can_be_written_pass(name):
    check_source_name(name)


@pytest.mark.parametrize("name", ["", "..", "a/b", "n" * 191, "鳥" * 64, "caf\udce9"])
def test_others_are_refused(name):
    with pytest.raises(ValueError, match=r"to be UTF-8 of 1 to 190 bytes .* Rename the folder"):
        check_source_name(name)


@pytest.mark.parametrize("name", [b"n" * 215, b"caf\xe9"])
def test_a_folder_of_such_a_name_is_refused_before_it_is_read(tmp_path, name):
    folder = os.path.join(os.fsencode(tmp_path), name)
    try:
        os.mkdir(folder)
    except OSError:
        pytest.skip("the file system has no such names")
    with pytest.raises(ValueError, match="to be UTF-8 of 1 to 190 bytes"):
        load_source("image_folder", data_dir=os.fsdecode(folder))
