"""The first frame of a GIF: the only one that is embedded, of a file that may hold thousands."""

from __future__ import annotations

_SIGNATURE, _EXTENSION, _FRAME, _END = b"GIF8", 0x21, 0x2C, b"\x3b"
_HEADER, _FRAME_HEADER = 13, 10


def is_gif(content: bytes) -> bool:
    """True for a file that begins as a GIF does; four bytes are enough."""
    return content.startswith(_SIGNATURE)


def first_frame(content: bytes) -> bytes:
    """Return a GIF up to the end of its first frame, so that the others are not decoded.

    TensorFlow unpacks every frame before it returns the first: a small file of many large frames,
    each of no more pixels than are allowed, would take minutes and all memory.

    Args:
        content: a file of any format.

    Returns:
        The GIF that has one frame; other files, and GIFs that end before it, as they are.
    """
    if not is_gif(content):
        return content
    try:
        place = _HEADER + _palette(content[_HEADER - 3])
        while content[place] == _EXTENSION:
            place = _behind_blocks(content, place + 2)
        if content[place] != _FRAME:
            return content
        colours = _palette(content[place + _FRAME_HEADER - 1])
        # A byte with the size of the codes comes before the blocks.
        return content[: _behind_blocks(content, place + _FRAME_HEADER + colours + 1)] + _END
    except IndexError:
        return content


def _palette(flags: int) -> int:
    """Bytes of the table of colours that `flags` announce."""
    return 3 << (1 + flags % 8) if flags & 0x80 else 0


def _behind_blocks(content: bytes, place: int) -> int:
    """Where the blocks that begin at `place` have ended: one of no bytes is the last."""
    while size := content[place]:
        place += 1 + size
    return place + 1
