"""Zip and NumPy archives as somebody would make them who knows the formats."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from random import Random

import numpy as np

_BOMB = 64 * 2**20  # Bytes; deflated they are a thousandth of that.
_HUGE_SHAPE = (2**31, 2**31)

Members = Mapping[str, bytes]


def members(path: Path) -> dict[str, bytes]:
    """Return what a zip file holds, by name."""
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def write_members(path: Path, content: Members, *, compression: int = zipfile.ZIP_STORED) -> None:
    """Write a zip file with right checksums."""
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, value in content.items():
            archive.writestr(name, value)


def craft_zip(path: Path, chance: Random, edit: Callable[[str, bytes, Random], bytes]) -> None:
    """Write a zip file anew with one member changed, renamed, lost, blown up or marked.

    Args:
        path: the zip file.
        chance: decides.
        edit: changes the content of a member: its name, its content, chance.
    """
    content = members(path)
    name = chance.choice(sorted(content))
    match chance.randrange(7):
        case 0:
            content[_name(name, chance)] = content.pop(name)
        case 1:
            del content[name]
        case 2:
            content[name] = bytes(_BOMB)
            write_members(path, content, compression=zipfile.ZIP_DEFLATED)
            return
        case 3:
            write_members(path, content)
            _mark_encrypted(path)
            return
        case _:
            content[name] = edit(name, content[name], chance)
    write_members(path, content)


def _name(name: str, chance: Random) -> str:
    odd = ("../" + name, "/" + name, "x/" + name, name.upper(), "é" + name, name + ".npy")
    return chance.choice(odd)


def _mark_encrypted(path: Path) -> None:
    """Set the flag of a member that needs a password, in both of its places."""
    content = bytearray(path.read_bytes())
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        place = content.find(signature)
        content[place + offset] |= 1
    path.write_bytes(bytes(content))


def edit_array(name: str, content: bytes, chance: Random) -> bytes:
    """Return a `.npy` with values, type or shape that the reader did not ask for."""
    array = np.load(io.BytesIO(content), allow_pickle=False)
    return npy(odd_array(array, chance), chance)


def odd_array(array: np.ndarray, chance: Random) -> np.ndarray:
    """Return an array like `array`, but for its values, type or shape."""
    match chance.randrange(7):
        case 0 if array.dtype.kind == "f" and array.size:
            changed = array.copy()
            changed.flat[chance.randrange(array.size)] = chance.choice((np.nan, np.inf, -np.inf))
            return changed
        case 1:
            return array.astype(chance.choice(("<f8", ">f4", "<i8", "u1", "?", "<f2", "<c8", "S3")))
        case 2:
            return array.reshape(-1)
        case 3:
            return array[..., np.newaxis]
        case 4:
            return array[:-1] if array.ndim else np.zeros((2, 2), array.dtype)
        case 5:
            return np.zeros((0, *array.shape[1:]), array.dtype)
        case _:
            return np.full(array.shape, chance.choice(("x", b"x", "2020-01-01")))


def npy(array: np.ndarray, chance: Random) -> bytes:
    """Return the `.npy` of an array; sometimes it claims another shape, or to be a pickle."""
    buffer = io.BytesIO()
    kind = chance.randrange(8)
    if kind == 0:
        header = {"descr": "<f4", "fortran_order": False, "shape": _HUGE_SHAPE}
        np.lib.format.write_array_header_1_0(buffer, header)
        return buffer.getvalue()
    if kind == 1:
        np.save(buffer, np.array([print], object), allow_pickle=True)
        return buffer.getvalue()
    np.save(buffer, array)
    return buffer.getvalue()
