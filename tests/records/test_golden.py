"""Records of every version stay readable, and give the same values for ever."""

from __future__ import annotations

import json
from dataclasses import fields
from pathlib import Path

import pytest

from hsm import records
from hsm.experiments.config import RunConfig, run_record
from hsm.experiments.reporting.table_writers import LAYOUTS, render_markdown
from hsm.records import EpochRow
from hsm.training.loop import EpochResult

GOLDEN = Path(__file__).parents[1] / "golden"
ROOT = Path(__file__).parents[2]
COMMITTED = sorted((ROOT / "experiments").rglob("*-seed?.json"))

# What a record that is older than it lacks, and what is written for it.
YOUNGER = {("data", "excluded_seen"): [], ("provenance", "hardware", "gpus"): []}


def filled(content):
    """The JSON values of a record with what it is too old for."""
    content = json.loads(json.dumps(content))
    for (*parts, key), default in YOUNGER.items():
        inner = content
        for part in parts:
            inner = inner[part]
        inner.setdefault(key, default)
    return content


def test_there_are_records_to_read():
    assert len(COMMITTED) > 50


@pytest.mark.parametrize("path", COMMITTED, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_a_committed_record_is_written_as_it_was_read(path, tmp_path):
    """To the byte where nothing was missing; else with what it is too old for."""
    again = records.write(records.read(path), tmp_path)
    assert again.name == path.name
    content = json.loads(path.read_bytes())
    assert json.loads(again.read_bytes()) == filled(content)
    if filled(content) == content:
        assert again.read_bytes() == path.read_bytes()
    # The name follows from the settings, those that the record is too old for included.
    assert run_record.read(path).config.name == path.stem


def test_todays_record():
    record = run_record.read(GOLDEN / "digits-HBN-6de76212-seed0.json")
    assert record.name == record.config.name == "digits-HBN-6de76212-seed0"
    assert (record.method, record.seed, record.switch_epoch) == ("HBN", 0, 1)
    assert record.config == RunConfig(
        dataset="digits",
        method="HBN",
        backbone="convnet",
        image_size=28,
        epochs=1,
        heated_epochs=1,
        eval_every=1,
        gradual_every=1,
        limit=64,
    )
    assert [(e.epoch, e.alpha, e.learning_rate) for e in record.epochs] == [
        (1, 16.0, 0.004),
        (2, 4.0, 0.0004),
    ]
    assert record.epochs[1].accuracy == 0.8
    assert [row.epoch for row in record.evaluations] == [1, 2]
    assert record.final.recall == {1: 0.9166666666666666, 2: 0.95, 4: 1.0, 8: 1.0}
    assert record.final.nmi("geometric") == 0.7370326688134863
    assert record.final.accuracy is None
    assert record.switch == record.evaluations[0]
    assert record.best == record.final
    assert record.unnormalized.epoch == 2
    assert record.unnormalized.seconds is None
    assert record.final_hits("1").sum() == 55
    assert (record.data.test.images, record.data.test.classes) == (60, 5)
    assert record.provenance.versions["keras"] == "3.15.1"
    assert record.provenance.hardware.cores == 2
    assert list(record.seconds) == ["train", "evaluate", "prepare"]


def test_todays_record_of_a_classifier():
    path = GOLDEN / "digits-BN-eee73bf4-seed0.json"
    record = run_record.read(path)
    assert record.config.is_classification
    assert record.final.accuracy == 0.11666666666666667
    assert record.final_hits("accuracy").mean() == record.final.accuracy
    assert (record.final.recall, record.final.nmi_arithmetic, record.unnormalized) == (
        {},
        None,
        None,
    )
    written, stored = record.to_json(), json.loads(path.read_bytes())
    # Settings that are younger than the file have their defaults.
    assert {**written["config"], **stored["config"]} == written["config"]
    assert {**written, "config": stored["config"]} == stored


def test_the_oldest_form():
    """As the first version wrote it: no GPUs, no content of weights, 22 settings."""
    path = GOLDEN / "digits-HBN-oldest-seed0.json"
    record = run_record.read(path)
    assert len(json.loads(path.read_bytes())["config"]) == 22
    config = record.config
    assert (config.nmi, config.split, config.heating) == ("arithmetic", "zero_shot", "switch")
    assert (config.label_smoothing, config.learned_alpha, config.norm_term) == (0.0, False, True)
    assert record.data.excluded_seen == ()
    assert record.provenance.hardware.gpus == ()
    assert record.provenance.weights_sha256 is None
    today = run_record.read(GOLDEN / "digits-HBN-6de76212-seed0.json")
    assert record.evaluations == today.evaluations
    assert record.epochs == today.epochs


@pytest.mark.parametrize("table", LAYOUTS)
@pytest.mark.parametrize("name", ["6de76212", "oldest"])
def test_golden_records_are_drawn(name, table):
    record = run_record.read(GOLDEN / f"digits-HBN-{name}-seed0.json")
    assert "91.67" in render_markdown([record], table)


def test_the_golden_accuracy_is_drawn_where_accuracies_are():
    record = run_record.read(GOLDEN / "digits-BN-eee73bf4-seed0.json")
    assert "11.67" in render_markdown([record], "table4")
    with pytest.raises(ValueError, match=r"by Recall@K. Received: those of digits .* accuracy"):
        render_markdown([record], "table3")


def test_an_epoch_of_a_record_is_that_of_the_training():
    own = [field.name for field in fields(EpochRow) if field.name != "further"]
    assert own == [field.name for field in fields(EpochResult)]
