"""Which files are found bad, how often they are read, and where the answers go."""

from __future__ import annotations

import os

import pytest
import tensorflow as tf
from support.image_factory import encode, os2_bmp, photograph

from hsm.data import image_check
from hsm.data.image_check import find_bad_images


@pytest.fixture
def files(tmp_path):
    """Good and bad files by name, with their paths."""
    photo = photograph()
    jpeg = encode(photo, "JPEG")
    contents = {
        "good.jpg": jpeg,
        "good.png": encode(photo, "PNG"),
        "png inside.jpg": encode(photo, "PNG"),
        "empty.jpg": b"",
        "half.jpg": jpeg[: len(jpeg) // 2],
        "no image.png": b"<html>404</html>",
        "os2.bmp": os2_bmp(photo),
        "half.gif": encode(photo.quantize(9), "GIF")[:400],
        "tagged.tif": encode(photo, "TIFF"),
    }
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
    return [str(tmp_path / name) for name in contents]


@pytest.fixture
def decoded(monkeypatch):
    """The list that grows by one whenever a file is looked at."""
    looked_at = []
    check = image_check._check

    def record(path, max_pixels):
        looked_at.append(path)
        return check(path, max_pixels)

    monkeypatch.setattr(image_check, "_check", record)
    return looked_at


def test_bad_images_are_named_with_a_reason(files):
    bad = find_bad_images([*files, files[0] + ".gone"])
    reasons = {os.path.basename(path): reason for path, reason in bad.items()}
    assert reasons["empty.jpg"] == "empty file"
    assert reasons["half.jpg"].startswith("cannot be decoded: jpeg::Uncompress failed")
    assert "format" in reasons["no image.png"]
    assert reasons["os2.bmp"] == (
        "cannot be decoded: expected a BMP of 24 or 32 bits or of 256 greys, not compressed, "
        "received another: convert it to PNG"
    )
    assert reasons["good.jpg.gone"] == "cannot be read: No such file or directory"
    assert [*reasons][-1] == "good.jpg.gone"
    assert {*reasons} == {
        "empty.jpg",
        "half.jpg",
        "no image.png",
        "os2.bmp",
        "half.gif",
        "tagged.tif",
        "good.jpg.gone",
    }
    assert not any("\n" in reason or "{{" in reason for reason in reasons.values())


def test_answers_are_remembered(files, decoded, cache_home):
    first = find_bad_images(files)
    assert len(decoded) == len(files)
    assert find_bad_images(files) == first
    assert len(decoded) == len(files)
    assert [path.parent for path in cache_home.rglob("*.json")] == [cache_home / "hsm"]


def test_a_changed_file_is_read_again(files, decoded):
    find_bad_images(files)
    decoded.clear()
    longer, later = (os.stat(path) for path in files[:2])
    with open(files[0], "ab") as file:
        file.write(b"\0")
    os.utime(files[0], ns=(longer.st_atime_ns, longer.st_mtime_ns))
    os.utime(files[1], ns=(later.st_atime_ns, later.st_mtime_ns + 1))
    find_bad_images(files)
    assert len(decoded) == 2


def test_a_mended_file_is_good_again(files):
    assert files[3] in find_bad_images(files)
    with open(files[0], "rb") as good, open(files[3], "wb") as bad:
        bad.write(good.read())
    assert files[3] not in find_bad_images(files)


@pytest.mark.parametrize("content", ["", "{", "no json", "[]", '{"/a.jpg": 3}', '{"/a.jpg": [1]}'])
def test_a_broken_cache_is_done_without(files, tmp_path, content):
    cache_file = tmp_path / "cache.json"
    cache_file.write_text(content)
    assert len(find_bad_images(files, cache_file=cache_file)) == 6


def test_a_cache_that_cannot_be_written_is_done_without(files):
    assert len(find_bad_images(files, cache_file=image_check.Path(files[0]) / "cache.json")) == 6


def test_progress_counts_the_files_that_are_read(files):
    calls = []
    find_bad_images(files[:3], progress=lambda done, total: calls.append((done, total)))
    assert calls == [(1, 3), (2, 3), (3, 3)]
    find_bad_images(files[:4], progress=lambda done, total: calls.append((done, total)))
    assert calls[3:] == [(1, 1)]


def test_the_default_cache_is_in_the_home_folder(monkeypatch, tmp_path):
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    find_bad_images([])
    assert image_check._default_cache_file().is_relative_to(tmp_path / ".cache" / "hsm")
    assert tf.__version__ in image_check._default_cache_file().name


def test_too_many_pixels_are_named_and_not_decoded(files, monkeypatch):
    monkeypatch.setattr(image_check, "_decode", None)
    bad = find_bad_images(files[:2], max_pixels=1000)
    assert bad[files[1]] == (
        "expected at most `max_pixels=1000` pixels, received 2,623 (61 x 43): make it smaller, or "
        "raise `max_pixels`"
    )


def test_another_limit_is_another_answer(files, decoded):
    good = files[:2]
    assert [*find_bad_images(good, max_pixels=1000)] == good
    assert not find_bad_images(good, max_pixels=2623)
    decoded.clear()
    assert not find_bad_images(good, max_pixels=5000)
    assert not decoded
    assert [*find_bad_images(good, max_pixels=2622)] == good
