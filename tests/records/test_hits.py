"""Hits are packed without loss, and read only as those of their queries."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from support.record_factory import first_hits, make_record

from hsm import records


@given(hnp.arrays(bool, st.integers(1, 100)))
def test_packing_hits_loses_nothing(hits):
    np.testing.assert_array_equal(records.unpack_hits(records.pack_hits(hits), len(hits)), hits)


def test_hits_of_another_number_of_queries_are_refused():
    with pytest.raises(ValueError, match="num_queries=40. Received: 2 bytes"):
        records.unpack_hits(records.pack_hits(np.ones(16, bool)), 40)
    with pytest.raises(ValueError, match="base64"):
        records.unpack_hits("...", 40)


def test_a_record_gives_the_hits_of_its_final_epoch():
    record = make_record("BN")
    np.testing.assert_array_equal(record.final_hits("1"), first_hits("BN", 0))
    with pytest.raises(ValueError, match=r"1a2b3c4d-seed0: hits.final: expected hits of 3. .*'8'"):
        record.final_hits("3")
