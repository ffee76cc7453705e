"""Bytes and numbers of a file, also where it has none."""

from __future__ import annotations

import tensorflow as tf

from hsm.data.file_bytes import PNG, WEBP, begins, bytes_at, little_endian, numbers_at

FILE = tf.constant(b"\x01\x02\xff\xfe\x05")


def test_bytes_end_with_the_file():
    for begin, length, expected in (
        (0, 2, b"\x01\x02"),
        (3, 9, b"\xfe\x05"),
        (5, 1, b""),
        (9, 1, b""),
        (1, 0, b""),
    ):
        assert bytes_at(FILE, begin, length) == expected
        assert bytes_at(FILE, tf.constant(begin), tf.constant(length)) == expected
    assert bytes_at(FILE, tf.constant(-1), 2) == b""
    assert bytes_at(FILE, tf.constant(2**31 - 1), 2) == b""


def test_numbers_are_zero_outside():
    assert numbers_at(FILE, 1, 3).numpy().tolist() == [2, 255, 254]
    assert numbers_at(FILE, 3, 4).numpy().tolist() == [254, 5, 0, 0]
    assert numbers_at(FILE, tf.constant(-7), 2).numpy().tolist() == [0, 0]
    assert numbers_at(FILE, 1, 2, tf.uint16).numpy().tolist() == [0xFF02, 0x05FE]
    big = numbers_at(FILE, 1, 2, tf.uint16, is_big_endian=True)
    assert big.numpy().tolist() == [0x02FF, 0xFE05]
    assert numbers_at(FILE, 1, 1, tf.int32).numpy().tolist() == [0x05FEFF02]
    assert numbers_at(FILE, tf.constant(1), 1, tf.int32, is_big_endian=True)[0] == 0x02FFFE05


def test_bytes_make_a_number():
    assert little_endian(tf.constant([[1, 2, 3], [0, 0, 1]])).numpy().tolist() == [
        0x030201,
        0x10000,
    ]
    assert little_endian(tf.constant([254, 255, 255, 255])) == -2


def test_a_pattern_has_places_for_any_byte():
    assert begins(tf.constant(b"RIFF\xff\xfe\x00\x01WEBPVP8 "), WEBP)
    for other in (b"RIFF\xff\xfe\x00\x01WAVE", b"RIFF", b""):
        assert not begins(tf.constant(other), WEBP)
    assert begins(tf.constant(b"\x89PNG"), PNG)
    assert not begins(tf.constant(b"?PNG"), PNG)
