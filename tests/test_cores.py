"""The cores that a process may use, on every system."""

from __future__ import annotations

import ast
import os
from pathlib import Path

import pytest

import hsm
from hsm.cores import usable_cores


def test_they_are_those_that_the_process_is_held_to():
    before = os.sched_getaffinity(0)
    try:
        os.sched_setaffinity(0, {min(before)})
        assert usable_cores() == 1
    finally:
        os.sched_setaffinity(0, before)
    assert usable_cores() == len(before)


@pytest.mark.parametrize(("counted", "expected"), [(6, 6), (None, 1)])
def test_where_a_process_is_held_to_none_all_count(monkeypatch, counted, expected):
    monkeypatch.delattr(os, "sched_getaffinity")
    monkeypatch.setattr(os, "cpu_count", lambda: counted)
    assert usable_cores() == expected


def test_no_other_module_counts_cores_or_needs_a_module_of_one_system():
    package = Path(hsm.__file__).parent
    for path in package.rglob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        if path.name != "cores.py":
            names = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
            assert not names & {"sched_getaffinity", "cpu_count", "process_cpu_count"}, path
        imported = {a.name for n in tree.body if isinstance(n, ast.Import) for a in n.names}
        assert not imported & {"fcntl", "msvcrt", "resource", "termios", "pwd", "grp"}, path
