from __future__ import annotations

import pytest

from hsm.data.catalog import CATALOG, INSTALLED, Count, dataset_info

SMALL = ["digits", "letters", "omniglot", "mnist"]
NAMES = [*SMALL, "image_folder", "cars196", "cub200", "products", "inshop"]
# Images and classes of the whole set, as its authors state them.
TOTALS = {"cars196": (16_185, 196), "cub200": (11_788, 200), "products": (120_053, 22_634)}


def test_facts_are_complete():
    assert [*CATALOG] == NAMES
    for name in CATALOG:
        known = dataset_info(name)
        assert known.summary
        assert known.obtain
        assert known.licence
        assert bool(known.expected) == bool(known.addresses)


def test_nothing_is_to_be_obtained_of_what_is_installed():
    nothing = {name for name in CATALOG if dataset_info(name).obtain.startswith("nothing")}
    assert set(INSTALLED) == nothing


@pytest.mark.parametrize("name", TOTALS)
def test_parts_make_up_the_whole(name):
    for expected in dataset_info(name).expected.values():
        parts = (expected.train, expected.test)
        classes = [part.classes for part in parts]
        # Either every class is in one part, or all are in both.
        total = sum(classes) if classes[0] + classes[1] == TOTALS[name][1] else classes[0]
        assert (sum(part.images for part in parts), total) == TOTALS[name]


def test_parts_of_inshop_make_up_the_whole():
    expected = dataset_info("inshop").expected["zero_shot"]
    parts = (expected.train, expected.test, expected.gallery)
    assert sum(part.images for part in parts) == 52_712
    assert expected.train.classes + expected.test.classes == 7_982
    assert expected.gallery.classes == expected.test.classes


def test_checksums_are_of_their_algorithms():
    for known in CATALOG.values():
        for archive in known.archives:
            algorithm, digest = archive.checksum.split(":")
            assert len(bytes.fromhex(digest)) == {"md5": 16, "sha256": 32}[algorithm]


def test_counts_read_as_they_are_said():
    assert str(Count(8_054, 98)) == "8,054 images of 98 classes"


def test_facts_refuses_other_names():
    expected = f"the name of a data set, one of {', '.join(NAMES)}. Received: flowers"
    with pytest.raises(ValueError, match=expected):
        dataset_info("flowers")
