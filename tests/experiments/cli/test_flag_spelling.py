"""The library names its arguments, a command its flags."""

from __future__ import annotations

import ast
import importlib
import re

import pytest
from absl import flags
from test_import_floors import MODULES, imported, own_imports

from hsm.experiments.cli.flag_spelling import with_flags


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("expected `data_dir` to be a folder.", "expected --data_dir to be a folder."),
        ("Data set mnist needs `data_dir`, a folder", "Data set mnist needs --data_dir, a folder"),
        ("out with `singletons='exclude'`.", "out with --singletons=exclude."),
        ("To try: `alpha=3` `heated_alpha=0.7`", "To try: --alpha=3 --heated_alpha=0.7"),
        # What is no flag stays as it is.
        ("Argument `crop` must be at least 1", "Argument `crop` must be at least 1"),
        ("`python -m hsm.experiments.alpha` says", None),
        ("Received: data_dir=gone", None),
    ],
)
def test_arguments_are_spelled_as_flags(text, expected):
    names = {"data_dir", "singletons", "alpha", "heated_alpha"}
    assert with_flags(text, names) == (text if expected is None else expected)


def flag_modules() -> set[str]:
    """Those that absl is imported by, and those that import one of them."""
    found = {m for m in MODULES if any(n.split(".")[0] == "absl" for n in imported(m))}
    while more := {m for m in MODULES if own_imports(m) & found} - found:
        found |= more
    return found


def test_no_string_of_the_library_holds_a_flag():
    for module in MODULES:
        if re.fullmatch(r"hsm\.experiments\.[a-z]\w*", module):
            importlib.import_module(module)  # Commands define flags.
    owners = flags.FLAGS.flags_by_module_dict().items()
    names = {flag.name for owner, own in owners for flag in own if owner.startswith("hsm.")}
    assert {"output_dir", "alpha", "limit", "part", "epoch"} <= names
    flag = re.compile(rf"--(no)?({'|'.join(names)})\b")
    library = set(MODULES) - flag_modules()
    assert {"hsm.data.sources", "hsm.training.loop", "hsm.experiments.runs.runner"} <= library
    for module in library:
        for node in ast.walk(ast.parse(MODULES[module].read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                assert not flag.search(node.value), f"{module}, line {node.lineno}: {node.value!r}"
