from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from hsm.data.sources.encoded import encoded_reader
from hsm.data.sources.source import EncodedImages, ImageSource, Split, take

# Zeros at the end are what NumPy's strings lose.
CONTENTS = [b"first\0\0", b"\0second", b"\xff\xd8third", b""]
RECORDS = EncodedImages(CONTENTS.__getitem__, np.array([2, 0, 3, 1]))


def test_records_are_fetched_byte_for_byte_in_a_graph():
    read = encoded_reader(RECORDS)
    fetched = tf.data.Dataset.range(4).map(read, tf.data.AUTOTUNE).as_numpy_iterator()
    assert list(fetched) == [CONTENTS[index] for index in (2, 0, 3, 1)]


def test_files_are_read(tmp_path):
    paths = []
    for index, content in enumerate(CONTENTS):
        paths.append(str(tmp_path / str(index)))
        (tmp_path / str(index)).write_bytes(content)
    read = encoded_reader(tuple(paths))
    assert [read(tf.constant(index)).numpy() for index in range(4)] == CONTENTS


@pytest.mark.parametrize("images", [("a", "b", "c", "d"), np.arange(48).reshape(4, 2, 2, 3)])
def test_taken_chooses_in_the_given_order(images):
    chosen = take(images, np.array([3, 1]))
    assert type(chosen) is type(images)
    assert [str(image) for image in chosen] == [str(images[3]), str(images[1])]


def test_taken_chooses_records():
    chosen = take(RECORDS, np.array([3, 1]))
    assert [chosen[0], chosen[1], len(chosen)] == [CONTENTS[1], CONTENTS[0], 2]


def test_a_checksum_covers_the_records():
    def checksum(records):
        split = Split(EncodedImages(CONTENTS.__getitem__, records), np.array([0, 1]), ("a", "b"))
        return ImageSource("records", train=split, test=split).checksum()

    assert checksum(np.array([0, 1])) == checksum(np.array([0, 1])) != checksum(np.array([0, 2]))
