"""A picture is known by its first bytes; a suffix alone only says that one was meant."""

from __future__ import annotations

import pytest
from support.image_factory import encode, photograph

from hsm.data.picture_files import begins_as_picture, is_picture

FORMATS = ("JPEG", "PNG", "GIF", "BMP", "WEBP", "TIFF", "JPEG2000")


@pytest.mark.parametrize("file_format", FORMATS)
def test_pictures_are_known_without_a_suffix(tmp_path, file_format):
    (tmp_path / "0").write_bytes(encode(photograph(), file_format))
    (tmp_path / "1.jpg_large").write_bytes(encode(photograph(), file_format))
    assert is_picture(tmp_path / "0")
    assert is_picture(tmp_path / "1.jpg_large")


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"\0\5\x16\7junk",
        b"BMW, Audi and Opel, one a line\n",
        b"RIFF\0\0\0\0WAVEfmt ",
        b"\0\0\0\x20ftypisom\0\0\2\0",
        b"GIF of the day",
        b"%PDF-1.7",
        b"PK\x03\x04",
        b"<svg xmlns=",
        b"\xff\xfea\0b\0",
        "ÿØ".encode(),
    ],
)
def test_other_files_are_none(tmp_path, head):
    assert not begins_as_picture(head)
    (tmp_path / "file").write_bytes(head)
    assert not is_picture(tmp_path / "file")


@pytest.mark.parametrize("brand", [b"heic", b"avif", b"mif1"])
def test_pictures_that_no_decoder_here_reads_are_known(brand):
    assert begins_as_picture(b"\0\0\0\x18ftyp" + brand + b"\0\0\0\0")


@pytest.mark.parametrize("name", ["0.jpg", "0.JPG", "0.JPE", "0.jfif", "0.webp", "0.TIF"])
def test_a_suffix_says_that_a_picture_is_meant(tmp_path, name):
    (tmp_path / name).write_bytes(b"<!DOCTYPE html>")
    assert is_picture(tmp_path / name)
