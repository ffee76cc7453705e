"""Read text files that name one class a line."""

from __future__ import annotations

import codecs
import re
import unicodedata
from collections.abc import Collection
from pathlib import Path

from hsm.data.sources.bad_files import shortened

_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def read_class_list(file: str, classes: Collection[str]) -> set[str]:
    """Return the classes that a file names, one a line.

    Empty lines, spaces around a name and a slash behind it do not count, nor does how accents are
    written: composed, or as a letter and its accent.

    Args:
        file: UTF-8 with or without a byte order mark, or UTF-16 with one.
        classes: those that there are, in Unicode's NFC.

    Raises:
        FileNotFoundError: if it is not a file.
        ValueError: naming line and byte, if it is no such text, or the classes that are not there.
    """
    path = Path(file).expanduser()
    if not path.is_file():
        raise FileNotFoundError(
            "expected `train_classes` to be a text file that names one class folder a line. "
            f"Received: train_classes={file}, which is not a file"
        )
    lines = re.split(r"\r\n|\n|\r", unicodedata.normalize("NFC", _text(path)))
    named = {_class(line, classes) for line in lines} - {""}
    if unknown := sorted(named - set(classes)):
        raise ValueError(
            "expected the file `train_classes` to name class folders of `data_dir`. Received: "
            f"train_classes={file}, in which these have no folder with images: {shortened(unknown)}"
        )
    return named


def _class(line: str, classes: Collection[str]) -> str:
    if line in classes:
        return line
    bare = line.strip()
    return bare if bare in classes else bare.rstrip("/\\")


def _text(path: Path) -> str:
    content = path.read_bytes()
    is_utf16 = content.startswith(_UTF16)
    encoding = "utf-16" if is_utf16 else "utf-8"
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        raise _refused(path, content, error.start, encoding) from error
    # No name holds it: this is UTF-16 or UTF-32 without its mark, or no text.
    if "\0" in text:
        before = text[: text.index("\0")].encode(encoding)
        raise _refused(path, content, len(before), encoding)
    return text.removeprefix("\ufeff")


def _refused(path: Path, content: bytes, offset: int, encoding: str) -> ValueError:
    before = content[:offset].decode(encoding, "ignore")
    line = len(re.findall(r"\r\n|\n|\r", before)) + 1
    return ValueError(
        "expected the file `train_classes` to be text in UTF-8, or in UTF-16 with a byte order "
        f"mark. Received: {path}, in which line {line} has the byte 0x{content[offset]:02x} (byte "
        f"{offset + 1:,} of the file). Save it as UTF-8."
    )
