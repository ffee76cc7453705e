"""The benchmark on sizes that take seconds: who is timed, in turns, and what is made of it."""

from __future__ import annotations

import contextlib
import importlib.util
import io
import json
import sys
from pathlib import Path

import benchmark
import numpy as np
import pytest
from benchmarks import table, worker
from benchmarks.cases import CASES, HSM, build
from benchmarks.settings import Settings

SMALL = Settings(batch_size=4, image_size=64, steps=1, queries=300, classes=30)
TINY = ["--queries=300", "--classes=30", "--rounds=2", "--precision=float32"]


def turn(amount, wall, peak=2**30):
    return {"amount": amount, "wall": wall, "processor": wall, "peak": peak}


RESULT = {
    "case": "train",
    "settings": {"precision": "float32"},
    "sides": {
        HSM: [turn(160, 8), turn(160, 4), turn(160, 10)],
        "PyTorch": [turn(160, 16), turn(160, 12), turn(160, 20)],
        "GEMM": [turn(1e11, 1.0), turn(2e11, 1.0), turn(1e11, 1.0)],
    },
    "left_out": {},
    "flops_per_image": 4e9,
}


def test_the_ratio_is_the_median_over_turns_of_the_ratio_in_a_turn():
    assert table.advantage(RESULT, "PyTorch") == 2.0
    assert table.median(RESULT, HSM) == 20.0
    assert table.limit(RESULT) == 25.0
    assert table.share(RESULT) == 0.8


def test_text_and_markdown_say_the_same():
    text = table.text(RESULT)
    assert "hsm: 20 images/s (16 to 40), 1.00 GiB" in text
    assert "PyTorch: 10 images/s (8 to 13.33), 1.00 GiB, hsm is 2.00 x as fast" in text
    assert "limit: 25 images/s, of which hsm has 80%" in text
    machine = {"hardware": {"cpu": "a", "cores": 2}, "versions": {}, "commit": "0123456789"}
    row = table.markdown({"machine": machine, "cases": [RESULT]}).splitlines()[2]
    cells = "20 images/s | 1.00 GiB | PyTorch: 10 images/s | 1.00 GiB | 2.00 | 80% |"
    assert row.endswith(f", float32 | {cells}")


def test_sides_take_turns_and_are_written_down(tmp_path, capsys):
    path = tmp_path / "new" / "figures.json"
    assert benchmark.main(["--only=recall,help", f"--json={path}", *TINY]) == 0
    found = json.loads(path.read_text())
    recall, start = found["cases"]
    assert len(recall["sides"][HSM]) == 2
    assert recall["sides"][HSM][0]["amount"] > 200
    assert recall["sides"][HSM][0]["peak"] > 2**24
    assert recall["settings"]["queries"] == 300
    assert found["machine"]["hardware"]["cores"] >= 1
    assert set(start["sides"]) == {HSM}
    assert "Recall@1, 10, 100 of all vectors" in capsys.readouterr().out
    # Run again, a case is replaced; others stay.
    assert benchmark.main(["--only=recall", f"--json={path}", *TINY[:-1]]) == 0
    assert [case["case"] for case in json.loads(path.read_text())["cases"]] == ["help", "recall"]


def test_a_peer_that_is_not_installed_is_left_out_and_named(monkeypatch):
    monkeypatch.setitem(
        benchmark.CASES,
        "recall",
        benchmark.CASES["recall"].__class__(
            "recall", "", {HSM: "vectors:recall_hsm", "other": "vectors:no"}, {"other": "no_such"}
        ),
    )
    result = benchmark.run("recall", SMALL, 1)
    assert result["left_out"] == {"other": "no_such"}
    assert "left out: other, no_such missing" in table.text(result)


@pytest.mark.parametrize(("case", "processes"), [("pipeline", 1), ("embed_files", 2)])
def test_a_step_with_data_and_one_without_share_a_process(monkeypatch, case, processes):
    asked = []

    class Worker(contextlib.nullcontext):
        def __init__(self, case, sides, settings):
            super().__init__(self)
            self._rounds = []
            asked.append(self._rounds)

        def round(self, side):
            self._rounds.append(side)
            return turn(1, 1)

    monkeypatch.setattr(benchmark, "Worker", Worker)
    monkeypatch.setattr(benchmark, "missing", lambda case, side, _: {"PyTorch": "torch"}.get(side))
    result = benchmark.run(case, SMALL, 2)
    sides = list(result["sides"])
    assert len(sides) == 2
    # A round to warm up and two turns, in which sides alternate.
    expected = {1: [sides * 3], 2: [[sides[0]] * 3, [sides[1]] * 3]}
    assert asked == expected[processes]
    assert [len(turns) for turns in result["sides"].values()] == [2, 2]


def test_a_process_does_the_round_of_the_side_that_is_named(monkeypatch, capsys):
    amounts = {"one": 1.0, "two, of two words": 2.0}
    monkeypatch.setattr(worker, "build", lambda case, side, settings: lambda: amounts[side])
    monkeypatch.setattr(sys, "argv", ["worker", "recall", json.dumps(vars(SMALL)), *amounts])
    monkeypatch.setattr(sys, "stdin", io.StringIO("two, of two words\none\ntwo, of two words\n"))
    worker.main()
    ready, *rounds = map(json.loads, capsys.readouterr().out.splitlines())
    assert ready == {"ready": True}
    assert [found["amount"] for found in rounds] == [2.0, 1.0, 2.0]


def test_unknown_cases_are_refused(capsys):
    with pytest.raises(SystemExit):
        benchmark.main(["--only=trane"])
    assert "--only takes some of train, train_jax, " in capsys.readouterr().err


@pytest.mark.parametrize(
    ("case", "images"),
    [("train", 4), ("embed", 4), ("pipeline_shards", 12), ("embed_files", 784), ("feed", 16)],
)
def test_a_round_counts_its_images(case, images):
    assert build(case, HSM, SMALL)() == images


@pytest.mark.parametrize("side", list(CASES["seam"].sides))
def test_a_step_and_the_loop_beside_it_count_the_same(side):
    assert build("seam", side, SMALL)() == 60 * SMALL.steps * SMALL.batch_size


def test_originals_are_of_the_size_that_the_table_says(tmp_path, monkeypatch):
    from benchmarks import photographs

    monkeypatch.setattr(photographs, "_ORIGINAL", (4, 900, 1200))
    sizes = [Path(path).stat().st_size for path in photographs.write_originals(tmp_path)]
    kilobytes = np.mean(sizes) / 1000
    assert f"of {round(kilobytes, -1):.0f} kB" in CASES["pipeline_originals"].title


def test_what_is_fed_is_counted_by_the_second_of_a_core():
    result = {**RESULT, "case": "feed", "sides": {HSM: [{**turn(80, 1), "processor": 2}]}}
    assert table.median(result, HSM) == 40


def test_operations_are_those_of_the_paper_on_googlenet():
    """Szegedy et al. give some 1.5 billion multiply-adds at 224 pixels."""
    from benchmarks.networks import flops_per_image

    assert 1.4e9 < flops_per_image(224) / 2 < 1.7e9


def test_vectors_are_the_same_every_time_and_can_be_retrieved():
    from benchmarks.vectors import make_vectors, retrievable

    one, two = make_vectors(SMALL), make_vectors(SMALL)
    np.testing.assert_array_equal(one[0], two[0])
    np.testing.assert_allclose(np.linalg.norm(one[0], axis=1), 1, rtol=1e-5)
    assert 1 not in np.bincount(retrievable(SMALL)[1])


@pytest.mark.skipif(importlib.util.find_spec("torch") is None, reason="needs torch")
def test_the_network_in_pytorch_is_that_of_hsm():
    import torch
    from benchmarks.torch_googlenet import GoogLeNet as TorchGoogLeNet

    from hsm.models import GoogLeNet

    ours, theirs = GoogLeNet((224, 224, 3)), TorchGoogLeNet()
    assert ours.count_params() == sum(p.numel() for p in theirs.parameters())
    assert theirs(torch.zeros(1, 3, 224, 224)).shape == (1, 1024)


def test_every_side_names_a_function():
    for case in CASES.values():
        for target in case.sides.values():
            module, function = target.split(":")
            assert importlib.util.find_spec(f"benchmarks.{module}"), target
            assert function
