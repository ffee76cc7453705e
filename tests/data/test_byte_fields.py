from __future__ import annotations

import struct

import pytest
import tensorflow as tf

from hsm.data.byte_fields import little_endian

FIELDS = tf.constant(struct.pack("<BHi", 200, 60000, -123456))


@pytest.mark.parametrize(
    ("position", "dtype", "value"),
    [(0, tf.uint8, 200), (1, tf.uint16, 60000), (3, tf.int32, -123456)],
)
def test_little_endian_equals_struct(position, dtype, value):
    field = little_endian(FIELDS, position, dtype)
    assert field.dtype == tf.int32
    assert int(field) == value


@pytest.mark.parametrize("position", [5, 7, 100])
def test_little_endian_refuses_to_read_past_the_end(position):
    with pytest.raises(tf.errors.InvalidArgumentError):
        little_endian(FIELDS, position, tf.int32)
