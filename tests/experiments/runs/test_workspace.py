"""The output folder: one process at a time, and sentences for what is not a run."""

from __future__ import annotations

import sys
from types import SimpleNamespace

import pytest

from hsm.experiments.config import RunConfig
from hsm.experiments.runs.workspace import Workspace, read_run_file

CONFIG = RunConfig(dataset="digits", method="HBN")


def test_only_one_holder_at_a_time(tmp_path):
    workspace = Workspace(tmp_path / "results")
    with (
        workspace.locked(),
        pytest.raises(BlockingIOError, match=r"no other process works in\. Received: .*results"),
        Workspace(tmp_path / "results").locked(),
    ):
        pass
    with workspace.locked():
        pass


def test_windows_locks_the_folder_in_its_own_way(tmp_path, monkeypatch):
    calls = []
    windows = SimpleNamespace(LK_NBLCK=2, locking=lambda *arguments: calls.append(arguments[1:]))
    monkeypatch.setitem(sys.modules, "msvcrt", windows)
    monkeypatch.setitem(sys.modules, "fcntl", None)
    monkeypatch.setattr(sys, "platform", "win32")
    with Workspace(tmp_path).locked():
        assert calls == [(2, 1)]

    def refuse(*_):
        raise PermissionError(13, "Permission denied")

    windows.locking = refuse
    with (
        pytest.raises(BlockingIOError, match=r"no other process works in"),
        Workspace(tmp_path).locked(),
    ):
        pass


def test_the_model_card_comes_back(tmp_path):
    workspace = Workspace(tmp_path)
    workspace.write_run_file(CONFIG, ("a", "b"))
    assert read_run_file(workspace.run_dir(CONFIG)) == (CONFIG, ("a", "b"))


def test_a_folder_that_is_no_run_is_refused(tmp_path):
    with pytest.raises(
        ValueError,
        match=r"expected the folder of a trained run, <output_dir>/runs/.*without model\.json",
    ):
        read_run_file(tmp_path)


def test_the_heated_method_shares_its_trunk_and_nothing_else(tmp_path):
    workspace = Workspace(tmp_path)
    base = RunConfig(dataset="digits", method="BN")
    assert workspace.shared_checkpoint(CONFIG) == workspace.shared_checkpoint(base)
    assert workspace.checkpoint(CONFIG) != workspace.checkpoint(base)
    assert workspace.record(CONFIG) is None
