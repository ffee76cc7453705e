"""Zip files and archives of arrays: what is damaged or made to harm is a ValueError."""

from __future__ import annotations

import io
import zipfile

import numpy as np
import pytest

from hsm.archives import read_arrays, read_members


def every(name):
    return True


def test_members_come_by_name_and_only_those_that_are_wanted(tmp_path):
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name in ("b", "c", "a"):
            archive.writestr(name, name * 3)
    assert read_members(path, lambda name: name != "c") == [("a", b"aaa"), ("b", b"bbb")]


@pytest.mark.parametrize("compressed", [False, True])
def test_arrays_come_back(compressed, tmp_path):
    arrays = {"a": np.arange(3.0), "b": np.eye(2, dtype=np.uint8)}
    (np.savez_compressed if compressed else np.savez)(tmp_path / "a.npz", **arrays)
    received = read_arrays(tmp_path / "a.npz", compressed=compressed)
    assert received.keys() == arrays.keys()
    for name, array in arrays.items():
        np.testing.assert_array_equal(received[name], array)


@pytest.mark.parametrize("read", [lambda path: read_members(path, every), read_arrays])
def test_a_file_that_claims_to_hold_far_more_than_its_size_is_refused(read, tmp_path):
    path = tmp_path / "bomb.npz"
    buffer = io.BytesIO()
    np.save(buffer, np.zeros(2**23, np.uint8))
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.npy", buffer.getvalue())
    with pytest.raises(ValueError, match="larger than the file"):
        read(path)


def test_a_member_that_needs_a_password_is_refused(tmp_path):
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a", "a")
    content = bytearray(path.read_bytes())
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.find(signature) + offset] |= 1
    path.write_bytes(content)
    with pytest.raises(ValueError, match="encrypted"):
        read_members(path, every)


def test_a_changed_byte_is_refused(tmp_path):
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a", "content")
    path.write_bytes(path.read_bytes().replace(b"content", b"kontent"))
    with pytest.raises(ValueError, match="CRC"):
        read_members(path, every)


def test_a_pickle_is_not_executed(tmp_path):
    np.savez(tmp_path / "a.npz", a=np.array([print], object))
    with pytest.raises(ValueError, match="allow_pickle"):
        read_arrays(tmp_path / "a.npz")


def test_a_file_that_is_missing_or_a_folder_is_the_systems_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        read_arrays(tmp_path / "a.npz")
    with pytest.raises(IsADirectoryError):
        read_members(tmp_path, every)
