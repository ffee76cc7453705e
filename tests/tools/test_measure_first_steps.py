"""The tool that measures a run's first steps: every arm, remedies, and a record that goes on."""

from __future__ import annotations

import json

import measure_first_steps
import pytest
from first_steps import table
from support.image_factory import photograph

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def record(tmp_path_factory):
    folder = tmp_path_factory.mktemp("photographs")
    for index in range(16):
        place = folder / f"class_{index // 4}"
        place.mkdir(exist_ok=True)
        photograph(32, 32, seed=index).save(place / f"{index}.png")
    path = folder.parent / "record" / "made_up.json"
    arguments = [f"--data_dir={folder}", f"--json={path}", "--backbone=lenet", "--image_size=28"]
    arguments += ["--steps=4", "--largest_steps=6", "--clip=0.001"]
    assert measure_first_steps.main(arguments) == 0
    return path, arguments


def test_every_arm_is_measured(record):
    arms = json.loads(record[0].read_text())["arms"]
    assert list(arms) == [
        "SM",
        "BN, α = 4",
        "BN, α = 16",
        "BN, α = 64",
        "BN, α = 64, rate raised from 0",
        "BN, α = 64, alpha raised",
        "BN, α = 64, gradients clipped",
    ]
    assert [arm["steps"] for arm in arms.values()] == [4, 4, 4, 6, 6, 6, 6]
    plain, rate, alpha, clipped = list(arms.values())[3:]
    # The same network and batch, and alpha alone differs; norms are those before clipping.
    assert plain["norm"]["first"] == rate["norm"]["first"] == clipped["norm"]["first"] > 0
    assert alpha["norm"]["first"] < plain["norm"]["first"]
    assert len({arm["loss"] for arm in (plain, rate, alpha, clipped)}) == 4


def test_an_arm_that_is_recorded_is_not_trained_again(record, monkeypatch):
    path, arguments = record
    before = path.read_text()
    monkeypatch.setattr(measure_first_steps, "_measure", lambda *_: pytest.fail("trained again"))
    assert measure_first_steps.main(arguments) == 0
    assert path.read_text() == before


def test_the_table_names_each_arm(record):
    text = table.markdown(json.loads(record[0].read_text()))
    assert "| BN, α = 64, alpha raised | 6 |" in text
    assert text.count("\n| ") == 7
