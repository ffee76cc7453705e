"""A folder has one writer, and temporary folders do not outlive their processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from hsm.folder_lock import holding, scratch_folder

ROOT = Path(__file__).resolve().parents[1]


def test_a_folder_that_is_held_is_refused_by_name(tmp_path):
    with (
        holding(tmp_path),
        pytest.raises(BlockingIOError, match=rf"to write into {tmp_path}\. Received: .*; wait"),
        holding(tmp_path),
    ):
        pass
    with holding(tmp_path):
        assert not list(tmp_path.iterdir())


def test_an_error_in_the_block_frees_it(tmp_path):
    with pytest.raises(KeyError), holding(tmp_path):
        raise KeyError
    with holding(tmp_path):
        pass


def test_a_system_without_the_lock_goes_on_without(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "platform", "win32")
    with (
        holding(tmp_path),
        holding(tmp_path),
        scratch_folder(tmp_path, ".x-") as one,
        scratch_folder(tmp_path, ".x-"),
    ):
        assert one.is_dir()


def test_a_scratch_folder_is_gone_at_the_end_and_spares_others(tmp_path):
    (tmp_path / "kept").mkdir()
    with scratch_folder(tmp_path, ".x-") as one, scratch_folder(tmp_path, ".x-") as other:
        (one / "file").touch()
        assert one.is_dir()
        assert other.is_dir()
    assert [path.name for path in tmp_path.iterdir()] == ["kept"]


def test_what_a_killed_process_left_is_removed_by_the_next(tmp_path):
    code = (
        "import sys, time, pathlib\n"
        "from hsm.folder_lock import scratch_folder\n"
        "with scratch_folder(pathlib.Path(sys.argv[1]), '.x-') as path:\n"
        "    (path / 'part').touch()\n"
        "    time.sleep(60)\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], env=environment)
    try:
        end = time.monotonic() + 30
        while not list(tmp_path.glob(".x-*/part")):
            assert time.monotonic() < end
            time.sleep(0.05)
        with scratch_folder(tmp_path, ".x-"):
            assert list(tmp_path.glob(".x-*/part")), "its process is at work"
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert list(tmp_path.glob(".x-*/part"))
    with scratch_folder(tmp_path, ".x-"):
        assert not list(tmp_path.glob(".x-*/part"))
