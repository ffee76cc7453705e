"""Tuned rows in tables of their own, under what the paper quotes and its corrections."""

from __future__ import annotations

from dataclasses import replace

import pytest
from support.record_factory import make_record

from hsm.experiments.reporting import page
from hsm.experiments.reporting.method_table import grids
from hsm.experiments.reporting.paper_numbers import published_table
from hsm.experiments.reporting.verdict import verdict
from hsm.records import Trial, Tuning

TRIALS = {
    "SM": {"learning_rate": 0.002, "label_smoothing": 0.05},
    "BN": {"learning_rate": 0.002, "alpha": 20.0},
    "HBN": {"heated_learning_rate": 0.0001, "heated_alpha": 2.0},
    "fashionnet": {"learning_rate": 0.002, "loss_setting": 0.1},
}
SOFTMAXES = ("SM", "BN", "HBN")


def trial(method, settings, score=0.5):
    return Trial(method=method, settings=settings, score=score, images=1000)


def tuned(method, *, seed=0, dataset="letters"):
    base = () if method != "HBN" else (trial("BN", TRIALS["BN"]),)
    record = make_record(method, seed=seed, dataset=dataset, tuned=1, **TRIALS[method])
    tuning = Tuning(
        seed=0,
        epochs=5,
        train_classes=80,
        held_out_classes=20,
        trials=(*base, trial(method, TRIALS[method])),
    )
    return replace(record, tuning=tuning)


@pytest.fixture(scope="module")
def final():
    return grids([tuned(m, seed=seed) for m in SOFTMAXES for seed in (0, 1)])


def test_trials_and_images_stand_in_the_row(final):
    rows = {row[0]: row[1:3] for row in final[0].rows}
    # Each made-up run has one epoch of 100 images.
    assert rows == {
        "SM": ("1", "1,000 + 100"),
        "BN": ("1", "1,000 + 100"),
        "HBN": ("2", "2,000 + 100"),
    }


def test_notes_say_how_settings_were_chosen(final):
    notes = " ".join(final[0].table_notes)
    assert "Trials: 1 of 5 epochs for every method, by seed 0, on 80 training classes" in notes
    assert "no test class was looked at" in notes
    assert "SM learning rate 0.002, label smoothing 0.05;" in notes
    assert "HBN heated learning rate 0.0001, heated alpha 2." in notes
    assert "SM, BN, HBN: batches of random images" in notes


def test_hbn_is_compared_with_every_other_row(final):
    title, rows = final[1].title, final[1].rows
    assert title.startswith("letters: HBN minus the others")
    assert [row[0] for row in rows] == ["SM", "BN"]
    recall = final[1].header.index("R@1")
    assert rows[1][recall].startswith("+12.50 [")


def test_a_row_says_what_its_data_lacks():
    table, differences = grids([tuned("fashionnet"), tuned("HBN")])
    assert [row[0] for row in table.rows] == ["fashionnet, no landmarks", "HBN"]
    assert [row[0] for row in differences.rows] == ["fashionnet, no landmarks"]
    assert "fashionnet, no landmarks learning rate 0.002, loss setting 0.1" in " ".join(
        table.table_notes
    )


def test_untuned_rows_keep_tables_of_their_own():
    plain = [make_record(m, dataset="letters") for m in ("SM", "BN")]
    mixed = grids([*plain, tuned("SM"), tuned("BN")])
    assert [g for g in mixed if "held-out" not in g.title and "tuned" not in g.title] == list(
        grids(plain)
    )
    assert "held-out training classes" in mixed[0].title


def test_a_compared_system_with_the_recipes_settings_is_called_untuned():
    notes = grids([make_compared("triplet", learning_rate=0.004)])[0].table_notes
    assert "No setting is tuned for triplet." in notes
    notes = grids([make_compared("triplet", tuned=3)])[0].table_notes
    assert not any("No setting is tuned" in note for note in notes)


def make_compared(method, **changes):
    record = make_record("SM", dataset="letters")
    config = replace(record.config, method=method, **changes)
    return replace(record, method=method, config=config)


def test_three_blocks_where_the_paper_has_numbers():
    grid = grids([tuned("BN", dataset="cars196")])[0]
    names = [row[0] for row in grid.rows]
    assert names.index("[3] structured clustering, quoted") < names.index("HBN, the paper's")
    assert names.index("HBN, the paper's") < names.index("[3] structured clustering, corrected")
    assert names[-1] == "BN"
    nmi = grid.header.index("NMI")
    values = {row[0]: row[nmi] for row in grid.rows}
    assert values["[3] structured clustering, quoted"] == "54.44"
    assert values["[3] structured clustering, corrected"] == "59.04"
    notes = " ".join(grid.table_notes)
    assert "NMI is quoted as 54.44, and 59.04 by Song et al. 2017" in notes


def test_the_verdict_compares_tuned_rows():
    text = " ".join(verdict([tuned("BN"), tuned("HBN")]))
    assert "HBN, tuned" in text


def test_the_page_shows_them(tmp_path):
    path = page.write_report([tuned("BN"), tuned("HBN")], tmp_path / "report.html")
    assert "held-out training classes" in path.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("dataset", "row", "place", "cell"),
    [
        ("cars196", "[2] lifted structure", "R@2: paper", "66.70 / 65.70"),
        ("cars196", "[3] structured clustering", "NMI: paper", "54.44 / 59.04"),
        ("products", "[6] Proxy-NCA", "R@1: paper", "73.70 / 73.73"),
        ("inshop", "[8] hard-aware cascade", "R@20: paper", "91.20 / 89.00"),
    ],
)
def test_a_quoted_number_that_its_own_paper_has_otherwise_is_printed_twice(
    dataset, row, place, cell
):
    record = make_record("BN", dataset=dataset)
    final = replace(record.final, recall={1: 0.5, 2: 0.6, 10: 0.6, 20: 0.7, 30: 0.7, 100: 0.8})
    grid = next(g for g in grids([replace(record, final=final)]) if "of the paper" in g.title)
    cells = next(r for r in grid.rows if r[0].startswith(row))
    header = [h if ": " in h else "" for h in grid.header]
    assert cells[header.index(place)] == cell
    assert any(note.startswith(row) for note in grid.table_notes)


def test_corrections_are_of_quoted_numbers_and_differ_from_them():
    for name in ("cars196", "cub200", "products", "inshop"):
        table = published_table(name)
        for row, correction in table.corrections.items():
            for measure, value in correction.scores.items():
                assert table.quoted[row][measure] != value


def test_three_seeds_give_every_measure_an_interval_over_seeds(final):
    assert len(final) == 2
    runs = [tuned(m, seed=seed) for m in ("BN", "HBN") for seed in (0, 1, 2)]
    table = grids(runs)[2]
    assert table.title.startswith("letters: HBN minus the others, tuned, over seeds")
    nmi = table.header.index("NMI")
    assert "[" in table.rows[0][nmi]
    assert "over 3 paired seeds" in table.table_notes[0]
