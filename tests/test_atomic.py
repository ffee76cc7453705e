"""A file is written whole or not at all, whatever happens meanwhile."""

from __future__ import annotations

import ast
import errno
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import hsm
from hsm.atomic import about, is_of_the_disk, replacing, write_text


@pytest.fixture
def old(tmp_path):
    """A file that is there already."""
    path = tmp_path / "scores.json"
    path.write_text("old")
    return path


def content(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in folder.iterdir()}


def test_a_file_is_replaced_when_the_block_ends(old):
    with replacing(old) as partial:
        partial.write_text("new")
        assert content(old.parent) == {"scores.json": "old", "scores.json.partial": "new"}
    assert content(old.parent) == {"scores.json": "new"}


def test_the_folder_is_made(tmp_path):
    path = write_text(tmp_path / "a" / "b" / "c.txt", "ä\n")
    assert path.read_bytes() == b"\xc3\xa4\n"


@pytest.mark.parametrize("error", [ValueError("odd"), KeyboardInterrupt(), OSError("disk")])
def test_an_error_leaves_the_old_file_and_nothing_beside_it(old, error):
    def write():
        with replacing(old) as partial:
            partial.write_text("half")
            raise error

    with pytest.raises(type(error)):
        write()
    assert content(old.parent) == {"scores.json": "old"}


@pytest.mark.usefixtures("full_disk")
@pytest.mark.parametrize(
    "write",
    # NumPy's own error has no number.
    [lambda path: path.write_text("x" * 10_000), lambda path: np.arange(10_000).tofile(path)],
    ids=["text", "array"],
)
def test_a_full_disk_leaves_the_old_file_and_is_said_of_it(old, write):
    with pytest.raises(OSError, match=re.escape(str(old))) as caught, replacing(old) as partial:
        write(partial)
    assert ".partial" not in str(caught.value)
    assert content(old.parent) == {"scores.json": "old"}


def test_an_error_about_another_file_stays_about_it(old):
    with pytest.raises(FileNotFoundError, match=r"gone\.txt"), replacing(old):
        (old.parent / "gone.txt").read_text()


def test_a_folder_that_is_none_is_named(old):
    with pytest.raises(OSError, match=r"scores\.json/a\.txt|scores\.json'"):
        write_text(old / "a.txt", "")


def test_what_is_given_the_name_lies_on_the_disk(old, monkeypatch):
    """A file before its name, and the name before the next line of the program."""
    done = []
    fsync, replace = os.fsync, os.replace

    def flush(descriptor):
        done.append("folder" if os.fstat(descriptor).st_ino == folder.st_ino else "file")
        fsync(descriptor)

    def rename(source, target):
        done.append("rename")
        replace(source, target)

    folder = old.parent.stat()
    monkeypatch.setattr(os, "fsync", flush)
    monkeypatch.setattr(os, "replace", rename)
    write_text(old, "new")
    assert done == ["file", "rename", "folder"]


def test_a_system_that_flushes_no_folder_is_no_error(old, monkeypatch):
    real = os.open

    def without_folders(path, flags):
        if Path(path).is_dir():
            raise PermissionError(13, "Permission denied", str(path))
        return real(path, flags)

    monkeypatch.setattr(os, "open", without_folders)
    assert write_text(old, "new").read_text() == "new"


def test_what_a_killed_process_left_is_written_over(old):
    program = (
        "import os, pathlib, sys\nfrom hsm.atomic import replacing\n"
        "with replacing(pathlib.Path(sys.argv[1])) as beside:\n"
        "    beside.write_text('half')\n"
        "    os.kill(os.getpid(), 9)\n"
    )
    root = Path(hsm.__file__).parents[1]
    done = subprocess.run([sys.executable, "-c", program, str(old)], cwd=root, check=False)
    assert done.returncode == -signal.SIGKILL
    assert content(old.parent) == {"scores.json": "old", "scores.json.partial": "half"}
    write_text(old, "new")
    assert content(old.parent) == {"scores.json": "new"}


def test_processes_that_share_a_file_do_not_share_the_one_beside_it(old, monkeypatch):
    with replacing(old, shared=True) as ours:
        monkeypatch.setattr(os, "getpid", lambda: -1)
        with replacing(old, shared=True) as theirs:
            assert ours != theirs
            ours.write_text("ours")
            theirs.write_text("theirs")
    assert content(old.parent) == {"scores.json": "ours"}


def test_no_other_module_writes_beside_and_renames():
    package = Path(hsm.__file__).parent
    for path in package.rglob("*.py"):
        if path.name != "atomic.py":
            tree = ast.parse(path.read_text(encoding="utf-8"))
            texts = [n.value for n in ast.walk(tree) if isinstance(n, ast.Constant)]
            calls = [n.attr for n in ast.walk(tree) if isinstance(n, ast.Attribute)]
            assert not [t for t in texts if isinstance(t, str) and ".partial" in t], path
            assert "fsync" not in calls, path


@pytest.mark.parametrize(
    ("error", "number", "text"),
    [
        (OSError(errno.EROFS, "Read-only file system"), errno.EROFS, "Make its folder writable"),
        (RuntimeError("x: No space left on device\n\tmore"), errno.ENOSPC, "device. Make room"),
        (RuntimeError("odd"), errno.EIO, "model cannot be written: odd"),
    ],
)
def test_what_a_library_says_in_its_own_way_is_said_of_the_path(error, number, text):
    with pytest.raises(OSError, match=text) as caught, about(Path("model"), RuntimeError):
        raise error
    assert caught.value.errno == number
    assert is_of_the_disk(caught.value)
