from __future__ import annotations

import pytest

from hsm.data.catalog import CATALOG, facts


def test_facts_are_complete():
    assert [*CATALOG] == ["digits", "omniglot", "image_folder"]
    for name in CATALOG:
        known = facts(name)
        assert known.summary
        assert known.obtain
        assert known.licence


def test_facts_refuses_other_names():
    expected = "must be one of digits, omniglot, image_folder. Received: flowers"
    with pytest.raises(ValueError, match=expected):
        facts("flowers")
