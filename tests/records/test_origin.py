"""The commit is that of the code that runs, whatever git is told in the shell."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from hsm.records import commit, origin

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="needs a checkout")
def test_another_repository_in_the_shell_does_not_count(tmp_path, monkeypatch):
    expected = subprocess.run(
        ["git", "-C", str(ROOT), "rev-parse", "HEAD"], capture_output=True, text=True, check=True
    ).stdout.strip()
    subprocess.run(["git", "init", "--quiet", str(tmp_path)], check=True)
    monkeypatch.setenv("GIT_DIR", str(tmp_path / ".git"))
    monkeypatch.setenv("GIT_WORK_TREE", str(tmp_path))
    commit.cache_clear()
    try:
        assert origin.commit()[0] == expected
    finally:
        commit.cache_clear()
