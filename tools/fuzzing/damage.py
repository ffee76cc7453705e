"""Changes of a file that its format knows nothing of, and of values in JSON."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from random import Random
from typing import Any

_LONGEST_BLOCK = 64
_HUGE = (0x7FFFFFFF, 0xFFFFFFFF, 0x80000000, 0x7FFFFFFFFFFFFFFF, 0xFFFFFFFFFFFFFFFF, 1 << 40)

HOSTILE: tuple[Any, ...] = (
    None,
    True,
    0,
    -1,
    17,
    0.5,
    2**31,
    2**53 + 1,
    10**400,
    float("nan"),
    float("inf"),
    "",
    "17",
    "../../x",
    "/x",
    "a.b.C",
    "\ud800",
    "\0",
    "a" * 10_000,
    [],
    [[[[None]]]],
    {},
    {"1": 1},
    {"schema": 1},
)


def damaged(content: bytes, chance: Random) -> bytes:
    """Return `content` with one change of `KINDS`, at a place that chance chooses."""
    return chance.choice(KINDS)(content, chance)


def _flip(content: bytes, chance: Random) -> bytes:
    return _edited(content, chance, lambda byte: bytes([byte ^ (1 << chance.randrange(8))]))


def _replace(content: bytes, chance: Random) -> bytes:
    return _edited(content, chance, lambda byte: bytes([chance.randrange(256)]))


def _insert(content: bytes, chance: Random) -> bytes:
    return _edited(content, chance, lambda byte: bytes([byte, chance.randrange(256)]))


def _edited(content: bytes, chance: Random, edit: Callable[[int], bytes]) -> bytes:
    if not content:
        return bytes([chance.randrange(256)])
    place = chance.randrange(len(content))
    return content[:place] + edit(content[place]) + content[place + 1 :]


def _cut(content: bytes, chance: Random) -> bytes:
    return content[: chance.randrange(len(content) + 1)]


def _blank(content: bytes, chance: Random) -> bytes:
    begin, end = _block(content, chance)
    return content[:begin] + bytes(end - begin) + content[end:]


def _repeat(content: bytes, chance: Random) -> bytes:
    begin, end = _block(content, chance)
    return content[:end] + content[begin:]


def _enlarge(content: bytes, chance: Random) -> bytes:
    """Return a field of four or eight bytes, of either order, that says a huge number."""
    size = chance.choice((4, 8))
    number = chance.choice(_HUGE) % 2 ** (8 * size)
    field = number.to_bytes(size, chance.choice(("little", "big")))
    place = chance.randrange(max(1, len(content) - size))
    return content[:place] + field + content[place + size :]


def _block(content: bytes, chance: Random) -> tuple[int, int]:
    begin = chance.randrange(max(1, len(content)))
    return begin, min(len(content), begin + 1 + chance.randrange(_LONGEST_BLOCK))


KINDS = (_flip, _replace, _insert, _cut, _blank, _repeat, _enlarge)


def changed_json(text: str | bytes, chance: Random) -> str:
    """Return JSON with one of its values replaced, added, taken away or repeated."""
    content = json.loads(text)
    places = [place for place in _places(content) if place]
    if not places:
        return json.dumps(chance.choice(HOSTILE))
    *path, last = chance.choice(places)
    parent = content
    for key in path:
        parent = parent[key]
    match chance.randrange(4):
        case 0:
            del parent[last]
        case 1 if isinstance(parent, dict):
            key = chance.choice(("", "further", "1", "self", "a.b", "\ud800"))
            parent[key] = chance.choice(HOSTILE)
        case 2 if isinstance(parent[last], list):
            parent[last] *= 2
        case _:
            parent[last] = chance.choice(HOSTILE)
    return json.dumps(content)


def _places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the path of every value in a tree of JSON values."""
    yield path
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _places(item, (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _places(item, (*path, index))
