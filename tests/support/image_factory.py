"""Encoded images that Pillow cannot write, byte by byte after the formats' descriptions."""

from __future__ import annotations

import io
import struct
import zlib

import numpy as np
from PIL import Image, ImageOps


def photograph(height: int = 43, width: int = 61, seed: int = 0) -> Image.Image:
    """A picture with smooth parts, edges and noise, in RGB."""
    y, x = np.mgrid[:height, :width]
    planes = [255 * x / width, 255 * y / height, 127 + 127 * np.sin(x / 5) * np.cos(y / 3)]
    noise = np.random.default_rng(seed).normal(0, 8, (height, width, 3))
    edge = 60 * ((x + y) % 40 < 20)
    pixels = np.stack(planes, axis=-1) + noise - edge[..., np.newaxis]
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))


def encode(image: Image.Image, file_format: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, file_format, **options)
    return buffer.getvalue()


def pillow_rgb(encoded: bytes) -> np.ndarray:
    """Pixels, turned upright as an EXIF tag says."""
    image = ImageOps.exif_transpose(Image.open(io.BytesIO(encoded)))
    return np.asarray(image.convert("RGB"))


def tagged(image: Image.Image, file_format: str, orientation: int, **options: object) -> bytes:
    """A file whose EXIF tag states an orientation; its pixels are those of `image` as they are."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    return encode(image, file_format, exif=exif, **options)


def tiff(
    orientation: int,
    *,
    order: str = "<",
    tag: int = 0x0112,
    kind: int = 3,
    count: int = 1,
    directory: int = 8,
    entries: int = 3,
) -> bytes:
    """What EXIF holds: a maker, an orientation and a software, whose places are all wrong."""
    fields = (struct.pack(order + "HHI4s", name, 2, 4, b"abc\0") for name in (0x010F, 0x0131))
    value = struct.pack(order + "HHIHH", tag, kind, count, orientation, 0)
    head = {"<": b"II", ">": b"MM"}[order] + struct.pack(order + "HI", 42, directory)
    return head + struct.pack(order + "H", entries) + value.join(fields) + bytes(4)


def segment(marker: int, content: bytes) -> bytes:
    """A part of a JPEG before its tables."""
    return bytes([0xFF, marker]) + struct.pack(">H", 2 + len(content)) + content


def chunk(name: bytes, content: bytes) -> bytes:
    """A part of a WebP."""
    return name + struct.pack("<I", len(content)) + content + bytes(len(content) % 2)


def png16(pixels: np.ndarray) -> bytes:
    """A PNG of 16 bits a channel: grey [h, w], grey and alpha [h, w, 2], or RGB [h, w, 3]."""
    color_type = {1: 0, 2: 4, 3: 2, 4: 6}[1 if pixels.ndim == 2 else pixels.shape[2]]
    height, width = pixels.shape[:2]
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in pixels)
    header = struct.pack(">IIBBBBB", width, height, 16, color_type, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(png_chunk(kind, data) for kind, data in chunks)


def png_chunk(kind: bytes, data: bytes) -> bytes:
    checksum = struct.pack(">I", zlib.crc32(kind + data))
    return struct.pack(">I", len(data)) + kind + data + checksum


def bmp(
    rows: list[bytes],
    size: tuple[int, int],
    bits: int,
    *,
    palette: bytes = b"",
    masks: bytes = b"",
    header_size: int = 40,
    compression: int = 0,
) -> bytes:
    """A Windows bitmap of `rows` as they follow in the file; size is (width, stored height)."""
    pixels = b"".join(row + bytes(-len(row) % 4) for row in rows)
    fields = struct.pack("<IiiHHIIiiII", header_size, *size, 1, bits, compression, 0, 0, 0, 0, 0)
    header = (fields + masks).ljust(header_size, b"\0")
    begin = 14 + len(header) + len(palette)
    return (
        b"BM" + struct.pack("<IHHI", begin + len(pixels), 0, 0, begin) + header + palette + pixels
    )


def os2_bmp(image: Image.Image) -> bytes:
    """A bitmap with OS/2's short header."""
    rows = np.asarray(image)[::-1, :, ::-1]
    pixels = b"".join(row.tobytes() + bytes(-row.nbytes % 4) for row in rows)
    header = struct.pack("<IHHHH", 12, *image.size, 1, 24)
    return b"BM" + struct.pack("<IHHI", 26 + len(pixels), 0, 0, 26) + header + pixels


GIF_PALETTE = np.array([[10 * i, 255 - 10 * i, 5 * i] for i in range(16)], np.uint8)


def gif(screen: tuple[int, int], *frames: bytes, extensions: bytes = b"") -> bytes:
    """A GIF of a (width, height) screen, with `GIF_PALETTE` and the frames as they are."""
    header = b"GIF89a" + struct.pack("<HHBBB", *screen, 0x80 | 3, 2, 0) + GIF_PALETTE.tobytes()
    return header + extensions + b"".join(frames) + b"\x3b"


def gif_frame(
    indices: np.ndarray,
    place: tuple[int, int] = (0, 0),
    *,
    transparent: int | None = None,
    palette: np.ndarray | None = None,
) -> bytes:
    """A frame of palette indices 0..15 whose corner lies at (left, top) of the screen."""
    control = bytes([transparent is not None, 0, 0, transparent or 0, 0])
    height, width = indices.shape
    flags = 0 if palette is None else 0x80 | 3
    own_palette = b"" if palette is None else palette.tobytes()
    descriptor = b"\x2c" + struct.pack("<HHHHB", *place, width, height, flags) + own_palette
    return b"\x21\xf9\x04" + control + descriptor + b"\x04" + _lzw(indices) + b"\0"


def _lzw(indices: np.ndarray) -> bytes:
    """Codes of five bits, with a clear code (16) so often that they never grow."""
    codes = [
        code for i, v in enumerate(indices.flat) for code in ([16, int(v)], [int(v)])[i % 10 > 0]
    ]
    bits = "".join(format(code, "05b")[::-1] for code in [*codes, 17])
    packed = bytes(int(bits[i : i + 8][::-1], 2) for i in range(0, len(bits), 8))
    blocks = (packed[i : i + 255] for i in range(0, len(packed), 255))
    return b"".join(bytes([len(block)]) + block for block in blocks)
