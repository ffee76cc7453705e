"""Lists of classes as editors of all systems write them, and what is no such list."""

from __future__ import annotations

import codecs
import unicodedata

import pytest

from hsm.data.sources.class_lists import read_class_list

CLASSES = ("café", "class0", "naïve", "two words", "tab\tname", " spaced", "back\\")


def read(tmp_path, content):
    file = tmp_path / "train.txt"
    file.write_bytes(content)
    return read_class_list(str(file), CLASSES)


@pytest.mark.parametrize(
    "content",
    [
        "café\nclass0\n".encode(),
        codecs.BOM_UTF8 + "café\r\nclass0\r\n".encode(),
        codecs.BOM_UTF16_LE + "café\r\nclass0\r\n".encode("utf-16-le"),
        codecs.BOM_UTF16_BE + "café\nclass0".encode("utf-16-be"),
        unicodedata.normalize("NFD", "café\n\nclass0\n").encode(),
        "  café \n\tclass0\t\n   \n".encode(),
        "café/\nclass0\\\nclass0\n".encode(),
        "café\rclass0\r".encode(),
    ],
)
def test_every_usual_form_is_read(tmp_path, content):
    assert read(tmp_path, content) == {"café", "class0"}


def test_names_that_look_like_spaces_and_slashes_are_names(tmp_path):
    content = b" spaced\nback\\\ntab\tname\ntwo words\n"
    assert read(tmp_path, content) == {" spaced", "back\\", "tab\tname", "two words"}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("class0\ncafé\n".encode("latin-1"), r"line 2 has the byte 0xe9 \(byte 11 of the file\)"),
        (codecs.BOM_UTF8 + b"a\r\nb\xff", r"line 2 has the byte 0xff \(byte 8 of the file\)"),
        ("class0\n".encode("utf-16-le"), r"line 1 has the byte 0x00 \(byte 2 of the file\)"),
        ("class0\n".encode("utf-16-be"), r"line 1 has the byte 0x00 \(byte 1 of the file\)"),
        ("class0\n".encode("utf-32"), r"line 1 has the byte 0x00 \(byte 3 of the file\)"),
        (
            codecs.BOM_UTF16_LE + "café\nx".encode("utf-16-le")[:-1],
            r"line 2 has the byte 0x78 \(byte 13 of the file\)",
        ),
        (b"\x89PNG\r\n\x1a\n", r"line 1 has the byte 0x89 \(byte 1 of the file\)"),
    ],
)
def test_other_encodings_are_refused_by_line_and_byte(tmp_path, content, message):
    with pytest.raises(ValueError, match=f"text in UTF-8, .*train.txt, in which {message}"):
        read(tmp_path, content)


def test_unknown_names_are_said(tmp_path):
    with pytest.raises(ValueError, match='no folder with images: "class0", gone$'):
        read(tmp_path, b'class0\n"class0"\ngone/\n')


def test_an_empty_list_names_nothing(tmp_path):
    assert read(tmp_path, codecs.BOM_UTF8) == set()
