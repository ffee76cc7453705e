"""Errors, docstrings and names of the package keep to the forms of docs/contributing.md."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parent.parent / "hsm"

# Messages of these come from Python or the system, or are read by Python alone.
WITHOUT_FORM = {
    "AttributeError": "a module's __getattr__ words it as Python does",
    "BadZipFile": "the class is the standard library's, and is turned into an error with a path",
    "ImportError": "a package is missing: the message says how to install it",
    "ModuleNotFoundError": "as ImportError",
    "NotImplementedError": "a subclass lacks a method",
    "OSError": "the system refuses: the message is its own, and what to do",
    "RuntimeWarning": "nothing was expected of the caller",
    "UserWarning": "nothing was expected of the caller",
}

# Messages, by their file, that another error takes in as its value; a part has no form of its own.
PARTS = {
    ("hsm/archives.py", "its content is larger than the file"): "the caller names the file",
    ("hsm/archives.py", "{} is no array"): "the caller names the file",
    ("hsm/serving/items.py", "{} is no mapping"): "what JSON cannot hold of the metadata",
    ("hsm/serving/items.py", "more than {} levels"): "what JSON cannot hold of the metadata",
    ("hsm/serving/network.py", "numbers of at least 1 expected, not {}"): "what the card lacks",
    ("hsm/serving/qdrant.py", "vectors of {} models"): "what the collection holds",
    ("hsm/serving/service_requests.py", 'must be {"b64": "…"}, or the file of a form'): (
        "Pydantic sets the field before it, in an answer of the service"
    ),
    ("hsm/serving/service_requests.py", "is nested too deep"): "as the one before",
}

# Banned names, by their file, that stay.
KEPT = {
    ("hsm/evaluation.py", "damped_unit_length"): (
        "public, and not hsm.analysis.l2_normalize: epsilon stands in the root, zeros stay zeros"
    ),
    ("hsm/experiments/config/hyperparameters.py", "random_crops"): "a flag and a record's field",
    ("hsm/experiments/config/hyperparameters.py", "crop_last_place"): "a flag and a record's field",
}

# Names that say nothing, or that mean something else in the field; what to call it instead.
BANNED = {
    "Facts": "DatasetInfo",
    "Finished": "FinishedRuns",
    "Listing": "Annotations",
    "Recorded": "RecordedRun",
    "RunLog": "TensorBoardLog",
    "RunReport": "ConsoleLog",
    "Sheet": "Canvas",
    "UNSAID": "UNKNOWN",
    "Wanted": "RequestedRuns",
    "cells": "cell_format, or what the cells hold",
    "crop_last_place": "include_last_offset",
    "damped_unit_length": "l2_normalize",
    "found": "the name of the thing",
    "homes": "candidate_roots",
    "is_time": "is_due",
    "last_place": "include_last_offset",
    "limited": "first_per_class",
    "look_away": "None",
    "marks": "hit_marks",
    "measures": "metric_columns",
    "negatives_before_positive": "first_positive_ranks",
    "notes": "table_notes",
    "planes": "embedding_planes",
    "random_crops": "random_crop",
    "random_places": "random_crop",
    "said": "the name of the thing",
    "say": "report",
    "says": "the name of the thing",
    "spaced": "evenly_spaced",
    "trunk": "backbone, shared_checkpoint or prefix",
    "unit_directions": "l2_normalize",
    "wanted": "requested, or the name of the thing",
}

# Argument descriptions may start with these.
PROPER_NAMES = {"Adam", "Caffe", "C", "K", "Keras", "N", "NumPy", "Recall", "TensorFlow"}

# What a function's docstring may begin with.
VERBS = set(
    re.findall(
        r"\w+",
        """
        Accept Add Allow Answer Append Apply Ask Assign Bind Bring Build Call Cancel Catch Check
        Choose Clear Close Collect Commit Compare Compile Compute Continue Convert Convolve
        Copy Count Create Cut Declare Decode Define Delete Describe Divide Do Download Draw
        Drop Embed End Enter Evaluate Export Fill Find Fit Forget Format Freeze Give Go Hand
        Hold Import Initialise Keep Lay Leave Let List Listen Load Lock Log Make Map Mark
        Match Measure Merge Move Name Normalise Note Open Order Pack Parse Pass Pick Plan
        Plot Pool Prepare Preprocess Print Project Put Raise Rank Read Recompute Record
        Refuse Register Remove Rename Render Renumber Repeat Replace Report Request Resize
        Restore Resume Return Round Run Save Scale Score Search Send Serve Set Show Skip
        Sort Spell Split Start Step Stop Store Sum Switch Take Tell Time Train Transpose Try
        Tune Turn Undo Update Use Validate Wait Warm Warn Watch Wrap Write Yield
        """,
    )
)

_FORM = re.compile(r"^(?:(?:(?!Received: ).)*: )?(?:expected .+|\{\})\. Received: (.+)$", re.DOTALL)


def text_of(node: ast.expr) -> str | None:
    """Return a message with `{}` for what is filled in, or None if it is no literal."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(text_of(part) or "{}" for part in node.values)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return (text_of(node.left) or "{}") + (text_of(node.right) or "{}")
    return None


def fault_of_message(text: str) -> str | None:
    """Return why a message has not the form, or None."""
    form = _FORM.match(text)
    if form is None:
        return "is not 'expected …. Received: …'"
    remedied = ". " in form[1]
    if remedied and not text.endswith((".", "}")):
        return "ends without a full stop after what to do"
    if not remedied and text.endswith("."):
        return "ends in a full stop after the value"
    return None


def faults_of_errors(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Yield the line and the fault of each exception that is made of a literal."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or not node.args:
            continue
        kind = ast.unparse(node.func).rpartition(".")[2]
        message = text_of(node.args[0])
        if kind.endswith(("Error", "Warning")) and kind not in WITHOUT_FORM and message:
            fault = fault_of_message(message)
            if fault:
                yield node.lineno, f"{kind}({message!r}) {fault}"


def bound_names(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Yield the line and the name of all that is defined, assigned to or a parameter."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.lineno, node.name
        elif isinstance(node, ast.arg):
            yield node.lineno, node.arg
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.lineno, node.id
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node.lineno, node.attr


def faults_of_names(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Yield the line and the fault of each banned name that is bound."""
    for line, name in bound_names(tree):
        better = BANNED.get(name.lstrip("_"))
        if better:
            yield line, f"binds {name}: call it {better}"


def argument_descriptions(docstring: str) -> Iterator[tuple[str, str]]:
    """Yield name and description of a docstring's arguments and attributes."""
    sections = re.finditer(
        r"^(?:Args|Call arguments|Attributes):\n((?:    .*\n|\n)*)", docstring + "\n", re.MULTILINE
    )
    for section in sections:
        for item in re.split(r"\n+(?=    [\w*])", "\n" + section[1].rstrip()):
            name, colon, description = item.strip().partition(":")
            if colon:
                yield name, " ".join(description.split())


def faults_of_arguments(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Yield the line and the fault of each argument's description."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            continue
        for name, text in argument_descriptions(ast.get_docstring(node) or ""):
            first = re.match(r"[A-Z][a-z]*\b", text)
            if first and first[0] not in PROPER_NAMES:
                yield node.lineno, f"{node.name}: {name} begins with {first[0]}"
            if not text.endswith("."):
                yield node.lineno, f"{node.name}: {name} ends without a full stop"


def faults_of_moods(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Yield the line and the fault of each function whose docstring begins with no verb."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        is_property = any("property" in ast.unparse(each) for each in node.decorator_list)
        first = re.match(r"[^\s,:]+", ast.get_docstring(node) or "")
        if first and first[0] not in VERBS and not is_property:
            yield node.lineno, f"{node.name}: begins with {first[0]}"


RULES = {
    "errors": faults_of_errors,
    "names": faults_of_names,
    "arguments": faults_of_arguments,
    "moods": faults_of_moods,
}


def spared(file: str) -> tuple[str, ...]:
    """Return what marks the faults of a file that `PARTS` and `KEPT` list."""
    parts = [f"({text!r}) " for name, text in PARTS if name == file]
    return *parts, *(f"binds {kept}: " for name, kept in KEPT if name == file)


def faults(rule: str, files: list[Path]) -> list[str]:
    return [
        f"{file}:{line} {fault}"
        for file, tree in ((p.relative_to(PACKAGE.parent).as_posix(), _tree(p)) for p in files)
        for line, fault in RULES[rule](tree)
        if not any(each in fault for each in spared(file))
    ]


def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


FILES = sorted(PACKAGE.rglob("*.py"))


@pytest.mark.parametrize("rule", RULES)
def test_the_package_keeps_to_the_forms(rule):
    assert not faults(rule, FILES)


def test_every_exemption_is_needed():
    """One whose fault is gone would let the next one pass."""
    for file in {name for name, _ in (*PARTS, *KEPT)}:
        tree = _tree(PACKAGE.parent / file)
        all_faults = [fault for rule in RULES.values() for _, fault in rule(tree)]
        assert all(any(each in fault for fault in all_faults) for each in spared(file)), file


@pytest.mark.parametrize(
    ("statement", "fault"),
    [
        ("raise ValueError(f'k must be 1 or more. Received: k={k}')", "is not 'expected"),
        ("raise ValueError(f'expected k >= 1, received {k}')", "is not 'expected"),
        ("raise ValueError(f'{k} must be 1. Received: {k}')", "is not 'expected"),
        ("raise ValueError('expected k >= 1. ' 'Received: k=0.')", "a full stop after the value"),
        ("raise hsm.MyError(f'expected {a}. Received: {b}. Mend it')", "without a full stop"),
        ("problem = TypeError('no' + why)", "is not 'expected"),
        ("raise ValueError(f'expected k >= 1. Received: k={k}')", None),
        ("raise ValueError(f'{path}: expected {rule}. Received: {row}. Mend it.')", None),
        ("raise ValueError(f'{rule}. Received: {value}')", None),
        ("raise ValueError(message)", None),
        ("raise ImportError(f'pip install {package}')", None),
    ],
)
def test_an_error_of_another_form_is_seen(statement, fault):
    seen = [text for _, text in faults_of_errors(ast.parse(statement))]
    assert len(seen) == (fault is not None)
    assert all(fault in text for text in seen)


@pytest.mark.parametrize(
    "program",
    [
        "found = 1",
        "self.found = 1",
        "def f(x, *, found): pass",
        "def _found(): pass",
        "class Facts: pass",
        "for a, found in b: pass",
        "with open(a) as found: pass",
        "(found := 1)",
    ],
)
def test_a_banned_name_is_seen_where_it_is_bound(program):
    assert len(list(faults_of_names(ast.parse(program)))) == 1


def test_a_banned_name_of_a_library_may_be_read():
    assert not list(faults_of_names(ast.parse("print(library.found(library.Facts))")))


def test_a_description_of_another_form_is_seen():
    program = '''
def f(a, b, c):
    """Return nothing.

    Args:
        a: The first,
            a vector.
        b: a second
        c: Keras's name of it.

    Returns:
        Nothing
    """
'''
    assert [text for _, text in faults_of_arguments(ast.parse(program))] == [
        "f: a begins with The",
        "f: b ends without a full stop",
    ]


@pytest.mark.parametrize(
    ("program", "fault"),
    [
        ("def f():\n    'Returns it.'", "f: begins with Returns"),
        ("def f():\n    'The number.'", "f: begins with The"),
        ("def f():\n    'Return it.'", None),
        ("@property\ndef f():\n    'The number.'", None),
        ("class A:\n    'A number.'", None),
    ],
)
def test_a_docstring_in_another_mood_is_seen(program, fault):
    assert [text for _, text in faults_of_moods(ast.parse(program))] == [fault] * bool(fault)
