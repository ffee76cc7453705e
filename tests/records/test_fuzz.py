"""Damaged and hostile records: a sentence that names the file, and never a traceback."""

from __future__ import annotations

import contextlib
import functools
import json
import random
from pathlib import Path

import pytest

from hsm import records
from hsm.experiments.config import run_record
from hsm.experiments.reporting.curves import learning_curves
from hsm.experiments.reporting.page import write_report
from hsm.experiments.reporting.table_writers import LAYOUTS, render_csv, render_text

GOLDEN = (Path(__file__).parents[1] / "golden" / "digits-HBN-6de76212-seed0.json").read_bytes()
MUTATIONS = 800
HOSTILE = (
    None,
    True,
    0,
    -1,
    17,
    0.5,
    2**53 + 1,
    10**400,
    float("nan"),
    float("inf"),
    "",
    "../../x",
    "\ud800",
    "a" * 10_000,
    [],
    [[[[None]]]],
    {},
    {"1": 1},
    {"schema": 1},
)


def places(value, path=()):
    """The path of every value in a tree of JSON values."""
    yield path
    items = {dict: dict.items, list: enumerate}.get(type(value), lambda value: ())(value)
    for key, item in items:
        yield from places(item, (*path, key))


def mutated(chance):
    """The golden record with a value replaced, added or removed."""
    content = json.loads(GOLDEN)
    *path, last = chance.choice([place for place in places(content) if place])
    parent = content
    for key in path:
        parent = parent[key]
    match chance.randrange(4):
        case 0:
            del parent[last]
        case 1 if isinstance(parent, dict):
            parent[chance.choice(["", "further", "1", "self", "a.b", "\ud800"])] = chance.choice(
                HOSTILE
            )
        case 2 if isinstance(parent[last], list):
            parent[last] *= 2
        case _:
            parent[last] = chance.choice(HOSTILE)
    return json.dumps(content).encode()


def damaged(chance):
    """The golden record cut off, or with a byte changed, or with a part of it twice."""
    place = chance.randrange(len(GOLDEN))
    kind = chance.randrange(3)
    if kind == 0:
        return GOLDEN[:place]
    if kind == 1:
        return GOLDEN[:place] + bytes([chance.randrange(256)]) + GOLDEN[place + 1 :]
    return GOLDEN[:place] + GOLDEN[max(0, place - chance.randrange(200)) :]


def use(record, folder):
    """What commands make of a record that was read, or refuse in a sentence."""
    records.write(record, folder)
    for make in (
        *(functools.partial(render_text, table=table) for table in LAYOUTS),
        render_csv,
        learning_curves,
        functools.partial(write_report, path=folder / "report.html"),
    ):
        with contextlib.suppress(ValueError):
            make([record])


def test_no_record_ends_in_a_traceback(tmp_path):
    chance, refused, path = random.Random(7), 0, tmp_path / "x.json"
    for number in range(MUTATIONS):
        content = (mutated if number % 3 else damaged)(chance)
        path.write_bytes(content)
        try:
            record = run_record.read(path)
        except ValueError as error:
            message = str(error)
        else:
            message = ""
            (use if number % 10 == 0 else records.write)(record, tmp_path / "used")
        if message:
            refused += 1
            assert str(path) in message
            assert "Delete it to run it again" in message
            message.encode()
    # Many changes are none to a reader, such as another loss.
    assert MUTATIONS // 2 < refused < MUTATIONS


@pytest.mark.parametrize("end", [0, 1, 100, len(GOLDEN) // 2, len(GOLDEN) - 3])
def test_a_record_that_was_cut_off_is_refused(tmp_path, end):
    path = tmp_path / "cut.json"
    path.write_bytes(GOLDEN[:end])
    with pytest.raises(ValueError, match=r"cut.json: expected a record"):
        records.read(path)
