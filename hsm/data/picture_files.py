"""Tell picture files from others by their first bytes, whatever they are called.

Needs no TensorFlow. Whether a picture can be decoded is asked elsewhere, of the decoder itself.
"""

from __future__ import annotations

from pathlib import Path

_DECODED = (".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".gif", ".bmp", ".dib", ".webp")
_OTHERS = (".jxl", ".tif", ".tiff", ".heic", ".heif", ".avif", ".jp2", ".ppm", ".tga")
# Files so called are meant as pictures, so that one with other content is refused by name.
PICTURE_SUFFIXES = frozenset(_DECODED + _OTHERS)
# The first bytes of formats, also of those that no decoder here reads.
_SIGNATURES = (
    b"\xff\xd8\xff",  # JPEG
    b"\x89PNG\r\n\x1a\n",
    b"GIF87a",
    b"GIF89a",
    b"\xff\x0a",  # JPEG XL, bare
    b"\0\0\0\x0cJXL \r\n\x87\n",  # JPEG XL, in a container
    b"\0\0\0\x0cjP  \r\n\x87\n",  # JPEG 2000
    b"II*\0",  # TIFF, and the raw files of most cameras
    b"MM\0*",
)
# ISO base media files are films, too: the brand says what they are.
_ISO_BRANDS = frozenset((b"heic", b"heix", b"hevc", b"mif1", b"msf1", b"avif", b"avis"))
# Two letters are too few to know a bitmap by; its second header has one of these lengths.
_BITMAP_HEADERS = frozenset((12, 16, 40, 52, 56, 64, 108, 124))
_HEAD = 18


def is_picture(path: Path) -> bool:
    """Return whether a file is called as pictures are, or begins as pictures do.

    Args:
        path: a regular file. It is opened only if its suffix is not that of a picture; one that
            cannot be opened may be a picture.
    """
    if path.suffix.lower() in PICTURE_SUFFIXES:
        return True
    try:
        # Reading a file of a device may wait for ever; it has no size.
        if not path.stat().st_size:
            return False
        with path.open("rb") as file:
            return begins_as_picture(file.read(_HEAD))
    except OSError:
        return True


def begins_as_picture(head: bytes) -> bool:
    """Return whether `head`, the first 18 bytes of a file or more, are those of a picture."""
    if head.startswith(_SIGNATURES):
        return True
    if head[:4] == b"RIFF":
        return head[8:12] == b"WEBP"
    if head[:2] == b"BM":
        return int.from_bytes(head[14:18], "little") in _BITMAP_HEADERS
    return head[4:8] == b"ftyp" and head[8:12] in _ISO_BRANDS
