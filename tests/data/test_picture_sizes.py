"""Sizes of pictures by their headers."""

from __future__ import annotations

import numpy as np
from support.image_factory import encode, photograph

from hsm.data.picture_sizes import picture_sizes
from hsm.data.sources.source import EncodedImages


def test_sizes_of_files_records_and_pixels(tmp_path):
    files = []
    for number, kind in enumerate(("JPEG", "PNG", "WEBP")):
        files.append(tmp_path / f"{number}.{kind.lower()}")
        files[-1].write_bytes(encode(photograph(20 + number, 30), kind))
    chosen = np.array([0, 2])
    expected = [[20, 30], [22, 30]]
    assert picture_sizes(tuple(map(str, files)), chosen).tolist() == expected
    records = EncodedImages(lambda record: files[record].read_bytes(), np.arange(3))
    assert picture_sizes(records, chosen).tolist() == expected
    assert picture_sizes(np.zeros((3, 8, 9, 3), np.uint8), chosen).tolist() == [[8, 9]] * 2
