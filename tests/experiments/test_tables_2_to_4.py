"""The drivers of tables 2 to 4 as a user starts them, and the runs that their flags ask for."""

from __future__ import annotations

import csv
import json
import re
import time

import numpy as np
import pytest
from support.driver_process import run
from support.flag_parsing import parsed

from hsm import records
from hsm.experiments import table2, table3, table4
from hsm.experiments.runs.build import load_model
from hsm.experiments.runs.workspace import Workspace


def smoke(driver, folder, *flags):
    """What the driver printed, and its records."""
    start = time.perf_counter()
    result = run(driver, "--smoke", "--dataset=digits", f"--output_dir={folder}", *flags)
    seconds = time.perf_counter() - start
    assert result.returncode == 0, result.stderr
    assert result.stderr == ""
    # 15 s on two idle cores; the test shares them.
    assert seconds < 60, f"--smoke took {seconds:.0f} s"
    return result.stdout, records.read_all(folder / "smoke" / "records")


def test_table_2_looks_queries_up_in_a_gallery(tmp_path):
    text, found = smoke("table2", tmp_path, "--methods=BN,HBN")
    assert "30 images of 5 classes are tested (5 … 9), found among 30 others" in text
    assert "looked up\nin a gallery of 30 others" in text
    assert {r.final.num_gallery for r in found} == {30}
    assert {r.final.nmi_arithmetic for r in found} == {None}
    assert (tmp_path / "smoke" / "table2.tex").exists()
    assert (tmp_path / "smoke" / "learning_curves_table2_digits.png").exists()


def test_table_3_has_its_columns_and_skips_what_is_recorded(tmp_path):
    text, found = smoke("table3", tmp_path, "--embedding_dims=8,4")
    assert "\nDimensions " in text
    assert re.search(r"SM +α = 4 +HBN", text)
    cells = {(r.config["embedding_dim"], r.method, r.config["alpha"]) for r in found}
    assert len(found) == len(cells) == 6
    assert (8, "BN", 4.0) in cells
    again, _ = smoke("table3", tmp_path, "--embedding_dims=8,4")
    assert again.count(": recorded already, ") == 6
    with (tmp_path / "smoke" / "table3.csv").open() as file:
        rows = [row for row in csv.DictReader(file) if row["stage"] == "final"]
    assert {row["embedding_dim"] for row in rows} == {"4", "8"}


def test_table_4_scores_the_classifier(tmp_path):
    text, found = smoke("table4", tmp_path, "--methods=LN,BN", "--epochs=6")
    assert "10 classes, the training classes, of which other images trained" in text
    assert (tmp_path / "smoke" / "learning_curves_table4_digits.pdf").exists()
    for record in found:
        assert record.final_hits("accuracy").mean() == record.final.accuracy
        assert record.final.nmi_arithmetic is None
        assert record.best.accuracy == max(row.accuracy for row in record.evaluations)


def test_the_accuracy_is_that_of_the_whole_network(tmp_path):
    """LN normalises between its feature and the classifier, BN before its feature."""
    from hsm.data import pipeline
    from hsm.data.sources import load_source

    _, found = smoke("table4", tmp_path, "--methods=LN,BN")
    source = load_source("digits", split="classification", limit=64)
    for record in found:
        folder = Workspace(tmp_path / "smoke").output_dir / "runs" / record.name
        model, config = load_model(folder)
        batches = pipeline.evaluation_batches(source.test, crop=config.image_size, batch_size=60)
        (images, labels) = next(iter(batches))
        predicted = np.argmax(model(images, training=False), axis=-1)
        assert (predicted == labels).mean() == pytest.approx(record.final.accuracy)


def cells(*flags):
    with parsed("--methods=SM,BN,HBN", *flags):
        return table3.configs("cars196", "cars196", "zero_shot")


def test_table_3_asks_for_the_papers_cells():
    found = cells()
    assert len(found) == 3 * 7 == len({config.name for config in found})
    assert [config.embedding_dim for config in found[::7]] == [64, 128, 256]
    assert [(c.method, c.initial_alpha) for c in found[:7]] == [
        ("SM", 1.0),
        *(("BN", alpha) for alpha in (4.0, 8.0, 16.0, 32.0, 64.0)),
        ("HBN", 16.0),
    ]
    assert found[6].shared_name == found[3].shared_name


def test_table_3_repeats_its_cells_for_every_seed():
    found = cells("--seeds=0,1", "--embedding_dims=64", "--alphas=16")
    assert [(c.seed, c.method) for c in found] == [
        (seed, method) for seed in (0, 1) for method in ("SM", "BN", "HBN")
    ]


@pytest.mark.parametrize(
    ("flag", "message"),
    [
        ("--embedding_dim=8", "no --embedding_dim with.*--embedding_dims lists its lines"),
        ("--learned_alpha", "no --learned_alpha with.*fixed alphas"),
        ("--methods=SM,LN", r"--methods to be some of SM, BN, HBN.*Received: --methods=SM,LN"),
        ("--variants=gradual", "no --variants with this table.*tables 1, 2 and 4"),
        (
            "--alphas=4,warm",
            r"--alphas to be numbers separated by commas. Received: --alphas='4,warm'",
        ),
        (
            "--embedding_dims=8.5",
            r"--embedding_dims to be whole numbers.*Received: --embedding_dims='8.5'",
        ),
        ("--alphas=", r"--alphas to be numbers separated by commas. Received: --alphas=''"),
        ("--alphas=-1", r"alpha"),
    ],
)
def test_flags_without_sense_in_table_3_are_refused(flag, message):
    with pytest.raises(ValueError, match=message):
        cells(flag)


@pytest.mark.parametrize("table", [table2.TABLE, table4.TABLE])
def test_runs_of_other_splits_have_names_of_their_own(table):
    with parsed("--methods=BN,HBN"):
        plain = table.configs("digits", "digits", "zero_shot")
        split = table.configs("digits", "digits", table.split)
    assert not {c.name for c in plain} & {c.name for c in split}
    assert not {c.shared_name for c in plain} & {c.shared_name for c in split}


def test_the_pretrained_feature_has_no_classifier():
    with (
        parsed("--methods=pretrained", "--weights=a.caffemodel"),
        pytest.raises(ValueError, match="which the method pretrained does not"),
    ):
        table4.TABLE.configs("cars196", "cars196", table4.TABLE.split)


def test_variants_follow_the_methods_of_every_seed():
    with parsed("--methods=HBN", "--variants=rate_only,label_smoothing", "--seeds=0,1"):
        found = table2.TABLE.configs("digits", "digits", table2.TABLE.split)
    assert [(c.seed, c.method, c.label_smoothing, c.heated_alpha) for c in found[:3]] == [
        (0, "HBN", 0.0, 4.0),
        (0, "SM", 0.1, 4.0),
        (0, "HBN", 0.0, 16.0),
    ]
    assert json.dumps([c.to_json() for c in found])


def test_a_run_that_two_flags_ask_for_is_listed_once():
    with parsed("--methods=HBN", "--heated_alpha=16", "--variants=rate_only"):
        assert len(table2.TABLE.configs("digits", "digits", table2.TABLE.split)) == 1


def test_an_unknown_variant_is_refused_with_all_names():
    with (
        parsed("--variants=cold"),
        pytest.raises(
            ValueError, match=r"--variants to be .*label_smoothing, .*Received: --variants='cold'"
        ),
    ):
        table2.TABLE.configs("digits", "digits", table2.TABLE.split)
