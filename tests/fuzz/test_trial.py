"""The fuzzer sees what it looks for: each fault of a reader, each end of a process."""

from __future__ import annotations

from pathlib import Path

import pytest
from fuzzing import campaign
from fuzzing.form import Format, expect
from fuzzing.kinds import CRASH, GREW, HANG, READ, REFUSED, TRACEBACK, UNNAMED, WRONG, WROTE
from fuzzing.trial import Bench

CONTENT = bytes(range(256))


def build(folder):
    (folder / "file").write_bytes(CONTENT)


def reader(on_damage):
    """A reader that calls `on_damage` with the file's path if the file is not whole."""

    def read(folder):
        path = folder / "file"
        content = path.read_bytes()
        if content != CONTENT:
            on_damage(path)
        return content.hex()

    return read


def refuse(path):
    raise ValueError(f"{path} is damaged")


def refuse_without_name(path):
    raise ValueError("damaged")


def refuse_unprintably(path):
    raise ValueError(f"{path} \ud800")


def stumble(path):
    raise KeyError("x")


def take_nonsense(path):
    expect(False, "a recall of 17")


def leave_a_file(path):
    Path("left").touch()


@pytest.mark.parametrize(
    ("on_damage", "sealed", "kind"),
    [
        (refuse, "*", REFUSED),
        (lambda path: None, "", READ),
        (lambda path: None, "*", WRONG),
        (take_nonsense, "", WRONG),
        (stumble, "", TRACEBACK),
        (refuse_unprintably, "", TRACEBACK),
        (refuse_without_name, "", UNNAMED),
        (leave_a_file, "", WROTE),
        (lambda path: path.with_name("beside").touch(), "", WROTE),
    ],
)
def test_every_fault_of_a_reader_is_seen(on_damage, sealed, kind, tmp_path, monkeypatch):
    bench = Bench(Format("x", build, reader(on_damage), sealed=sealed), 0, tmp_path / "bench")
    bench.prepare()
    (tmp_path / "bench" / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "bench" / "elsewhere")
    numbers = [number for number in range(9) if bench.run(number).kind == kind]
    assert numbers


def test_a_seed_gives_the_same_inputs_again(tmp_path):
    seen = []
    form = Format("x", build, lambda folder: seen.append((folder / "file").read_bytes()) or "")
    for folder in ("a", "b"):
        bench = Bench(form, 5, tmp_path / folder)
        bench.prepare()
        for number in range(8):
            bench.run(number)
    assert seen[:9] == seen[9:]
    assert len(set(seen)) > 6


WORKER = """
import json, os, sys, time
first, last = json.loads(sys.argv[4])[0][1:]
held = b""
for number in range(first, last):
    print(json.dumps({"begun": number, "format": "x"}), flush=True)
    if number == 3:
        FAULT
    done = {"done": number, "format": "x", "kind": "read", "detail": "", "resident": 1}
    print(json.dumps(done), flush=True)
"""


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        ("os.abort()", CRASH),
        ("time.sleep(60)", HANG),
        ("held = b'x' * 2**26; time.sleep(60)", GREW),
    ],
)
def test_an_input_that_ends_its_process_is_counted_and_the_next_is_tried(
    fault, kind, tmp_path, monkeypatch
):
    worker = tmp_path / "worker.py"
    worker.write_text(WORKER.replace("FAULT", fault))
    monkeypatch.setattr(campaign, "_WORKER", worker)
    monkeypatch.setattr(campaign, "_SECONDS", 3.0)
    monkeypatch.setattr(campaign, "_GROWTH", 2**20 * (10 if kind == GREW else 1000))
    ((name, counts),) = campaign.run({"x": range(6)}, seed=0)
    assert (name, counts.kinds) == ("x", {READ: 5, kind: 1})
    assert counts.failures[0].startswith("3 ")
