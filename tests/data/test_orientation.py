"""Which way up a picture is: tags in every place that is read, and broken ones in all others."""

from __future__ import annotations

import struct
import time

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from support.image_factory import (
    chunk,
    encode,
    photograph,
    pillow_rgb,
    png_chunk,
    segment,
    tagged,
    tiff,
)

from hsm.data import images, orientation

PHOTO = photograph(31, 44)
EXACT = {"JPEG": {}, "PNG": {}, "WEBP": {"lossless": True}}
JPEG, PNG, WEBP = (encode(PHOTO, name, **options) for name, options in EXACT.items())
JFIF = 20  # Where the first segment behind the JFIF header begins.
IHDR = 33  # Where the first chunk behind that of a PNG's size begins.
PREFIX = b"Exif\0\0"


@tf.function(input_signature=[tf.TensorSpec([], tf.string)])
def stated(encoded):
    return orientation.orientation(encoded)


@tf.function(input_signature=[tf.TensorSpec([], tf.string)])
def decoded(encoded):
    return images.decode(encoded)


def jpeg(*segments: bytes, jfif: bool = True) -> bytes:
    return JPEG[: JFIF if jfif else 2] + b"".join(segments) + JPEG[JFIF:]


def png(*chunks: bytes) -> bytes:
    return PNG[:IHDR] + b"".join(chunks) + PNG[IHDR:]


def webp(*chunks: bytes, flags: int = 0x08) -> bytes:
    size = struct.pack("<I", PHOTO.width - 1)[:3] + struct.pack("<I", PHOTO.height - 1)[:3]
    body = chunk(b"VP8X", bytes([flags, 0, 0, 0]) + size) + WEBP[12:] + b"".join(chunks)
    return b"RIFF" + struct.pack("<I", 4 + len(body)) + b"WEBP" + body


def app1(content: bytes) -> bytes:
    return segment(0xE1, PREFIX + content)


# Few tests, for every one of them prepares the graphs anew.


@pytest.mark.parametrize("file_format", EXACT)
def test_all_values_equal_pillow(file_format):
    for value in range(1, 9):
        encoded = tagged(PHOTO, file_format, value, **EXACT[file_format])
        assert stated(encoded) == value
        expected = pillow_rgb(encoded)
        assert expected.shape == ((31, 44, 3) if value < 5 else (44, 31, 3))
        np.testing.assert_array_equal(decoded(encoded), expected)


def test_eager_it_is_the_same():
    encoded = tagged(PHOTO, "PNG", 6)
    np.testing.assert_array_equal(images.decode(tf.constant(encoded)), pillow_rgb(encoded))


ICC = b"ICC_PROFILE\0\1\1" + bytes(65_519)
XMP = b"http://ns.adobe.com/xap/1.0/\0<x:xmpmeta/>"

READ = {
    "jpeg, first": jpeg(app1(tiff(6)), jfif=False),
    "jpeg, behind JFIF": jpeg(app1(tiff(6))),
    "jpeg, highest byte first": jpeg(app1(tiff(6, order=">"))),
    "jpeg, directory elsewhere": jpeg(app1(tiff(6, directory=30)[:8] + bytes(22) + tiff(6)[8:])),
    "jpeg, behind a long profile": jpeg(segment(0xE2, ICC), segment(0xE2, ICC), app1(tiff(6))),
    "jpeg, behind comments": jpeg(segment(0xFE, b"hello"), segment(0xFE, b""), app1(tiff(6))),
    "jpeg, behind XMP": jpeg(segment(0xE1, XMP), app1(tiff(6))),
    "jpeg, before XMP": jpeg(app1(tiff(6)), segment(0xE1, XMP)),
    "jpeg, filled": jpeg(b"\xff" * 5, app1(tiff(6)), b"\xff"),
    "png": png(png_chunk(b"eXIf", tiff(6))),
    "png, highest byte first": png(png_chunk(b"eXIf", tiff(6, order=">"))),
    "png, with a prefix": png(png_chunk(b"eXIf", PREFIX + tiff(6))),
    "png, behind others": png(
        png_chunk(b"gAMA", struct.pack(">I", 45455)),
        png_chunk(b"tEXt", b"Comment\0eXIf IDAT"),
        png_chunk(b"eXIf", tiff(6)),
    ),
    "webp": webp(chunk(b"EXIF", tiff(6))),
    "webp, highest byte first": webp(chunk(b"EXIF", tiff(6, order=">"))),
    "webp, with a prefix": webp(chunk(b"EXIF", PREFIX + tiff(6))),
    "webp, behind an odd one": webp(chunk(b"abcd", b"EXIF!"), chunk(b"EXIF", tiff(6))),
    "webp, before XMP": webp(chunk(b"EXIF", tiff(6)), chunk(b"XMP ", b"<x/>"), flags=0x0C),
}


def test_tags_are_read_wherever_they_may_be():
    for place, encoded in READ.items():
        assert stated(encoded) == 6, place
        np.testing.assert_array_equal(decoded(encoded), pillow_rgb(encoded), err_msg=place)


def test_of_two_tags_the_first_counts():
    entry = struct.pack("<HHIHH", 0x0112, 3, 1, 3, 0)
    twice = jpeg(app1(tiff(6, entries=4)[:-4] + entry + bytes(4)))
    assert stated(twice) == 6


ORIENTED_XMP = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><a tiff:Orientation="6"/></x:xmpmeta>'

NOT_READ = {
    "no tag": tiff(6, tag=0x0113),
    "0": tiff(0),
    "9": tiff(9),
    "65535": tiff(65_535),
    "a byte": tiff(6, kind=1),
    "a text": tiff(6, kind=2),
    "a long": tiff(6, kind=4),
    "none": tiff(6, count=0),
    "two": tiff(6, count=2),
    "no directory": tiff(6, directory=0),
    "directory at the end": tiff(6, directory=len(tiff(6))),
    "directory behind the end": tiff(6, directory=60_000),
    "directory beyond 31 bits": tiff(6, directory=2**32 - 8),
    "directory beyond 30 bits": tiff(6, directory=2**31 - 1),
    "no entries": tiff(6, entries=0),
    "another order": b"XX" + tiff(6)[2:],
    "orders mixed": b"MM" + tiff(6)[2:],
    "another number": tiff(6).replace(b"*", b"+", 1),
    "nothing": b"",
    "a prefix": PREFIX,
    "a prefix twice": PREFIX + PREFIX + tiff(6),
    "noise": np.random.default_rng(0).bytes(300),
}


def test_a_broken_tag_turns_nothing():
    for kind, content in NOT_READ.items():
        for encoded, stored in (
            (jpeg(app1(content)), JPEG),
            (png(png_chunk(b"eXIf", content)), PNG),
            (webp(chunk(b"EXIF", content)), WEBP),
        ):
            assert stated(encoded) == 1, kind
            np.testing.assert_array_equal(decoded(encoded), pillow_rgb(stored), err_msg=kind)


def test_more_entries_than_there_are_hide_none():
    assert stated(jpeg(app1(tiff(6, entries=65_535)))) == 6


ELSEWHERE = {
    "jpeg, behind the tables": JPEG[:-2] + app1(tiff(6)) + JPEG[-2:],
    "jpeg, XMP": jpeg(segment(0xE1, XMP.replace(b"<x:xmpmeta/>", ORIENTED_XMP))),
    "jpeg, another segment": jpeg(segment(0xE2, PREFIX + tiff(6))),
    "jpeg, within a comment": jpeg(segment(0xFE, app1(tiff(6)))),
    "png, behind the pixels": PNG[:-12] + png_chunk(b"eXIf", tiff(6)) + PNG[-12:],
    "png, text": png(png_chunk(b"tEXt", b"Raw profile type exif\0\nexif\n 8\n" + tiff(6))),
    "webp, not announced": webp(chunk(b"EXIF", tiff(6)), flags=0),
    "webp, not extended": WEBP + chunk(b"EXIF", tiff(6)),
    "gif": encode(PHOTO.quantize(9), "GIF")[:-1] + app1(tiff(6)) + b";",
    "no image": b"hello" + app1(tiff(6)),
    "empty": b"",
}


def test_nothing_is_read_elsewhere():
    for place, encoded in ELSEWHERE.items():
        assert stated(encoded) == 1, place


BROKEN = {
    "jpeg, length of nothing": jpeg(b"\xff\xe1\0\0" + PREFIX + tiff(6)),
    "jpeg, length beyond the end": JPEG[:JFIF] + b"\xff\xe2\xff\xff" + app1(tiff(6)),
    "png, length beyond 31 bits": png(b"\xff\xff\xff\xf0abcd", png_chunk(b"eXIf", tiff(6))),
    "png, length of 31 bits": png(b"\x7f\xff\xff\xffabcd", png_chunk(b"eXIf", tiff(6))),
    "png, no end": PNG[:IHDR],
    "webp, length beyond 31 bits": webp(b"abcd\xf0\xff\xff\xff", chunk(b"EXIF", tiff(6))),
    "webp, length of 31 bits": webp(b"abcd\xff\xff\xff\x7f", chunk(b"EXIF", tiff(6))),
}


def test_a_broken_file_states_nothing():
    for kind, encoded in BROKEN.items():
        assert stated(encoded) == 1, kind


def test_a_file_may_end_anywhere():
    for place in ("jpeg, filled", "png, behind others", "webp, with a prefix"):
        encoded = READ[place]
        first = encoded.index(b"II*")
        for length in [*range(first + 60), len(encoded) - 1]:
            assert int(stated(encoded[:length])) in (1, 6), (place, length)


@given(
    place=st.sampled_from(list(READ)),
    changes=st.lists(st.tuples(st.integers(0, 1500), st.integers(0, 255)), max_size=6),
)
@settings(max_examples=300, deadline=None)
def test_no_change_makes_it_fail(place, changes):
    encoded = bytearray(READ[place])
    for position, value in changes:
        encoded[position % len(encoded)] = value
    assert 1 <= int(stated(bytes(encoded))) <= 8


def test_a_search_ends_soon():
    for hostile in (
        jpeg(b"\xff" * 3_000_000, app1(tiff(6))),
        jpeg(segment(0xFE, b"") * 1_000_000, app1(tiff(6))),
        png(png_chunk(b"abcd", b"") * 300_000, png_chunk(b"eXIf", tiff(6))),
    ):
        stated(JPEG)
        begin = time.process_time()
        assert stated(hostile) == 1
        # Unbounded it takes minutes.
        assert time.process_time() - begin < 5


def test_the_usual_jpeg_is_not_searched():
    """The pipeline's speed: what Pillow and TensorFlow write without a tag is seen to have none."""
    pixels = tf.constant(np.asarray(PHOTO))
    for encoded in (JPEG, tf.io.encode_jpeg(pixels)):
        assert orientation.begins(tf.constant(encoded), orientation._TAGLESS)
    assert not orientation.begins(tf.constant(READ["jpeg, behind JFIF"]), orientation._TAGLESS)
