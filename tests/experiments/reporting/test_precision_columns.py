"""R-precision and MAP@R in tables: where every record holds them, and nowhere else."""

from __future__ import annotations

import csv
from dataclasses import replace

from support.record_factory import make_record

from hsm import records
from hsm.experiments.config.run_record import read
from hsm.experiments.reporting import page_words
from hsm.experiments.reporting.method_table import grids
from hsm.experiments.reporting.table_writers import render_csv, render_markdown


def measured(method):
    record = make_record(method)
    final = replace(record.final, r_precision=0.25, map_at_r=0.125)
    return replace(record, final=final, best=final, unnormalized=final, switch=None)


def test_tables_show_them_after_recall():
    final, difference = (
        next(g for g in grids([measured("BN"), measured("SM")]) if words in g.title)
        for words in ("final epoch, percent", "differences at the final epoch")
    )
    assert final.header[-3:] == ("R@8", "R-precision", "MAP@R")
    assert final.rows[0][-2:] == ("25.00", "12.50")
    assert ("MAP@R", "+0.00") in [row[:2] for row in difference.rows]
    assert any("means alone" in note for note in difference.notes)


def test_older_records_have_no_columns_of_dashes():
    text = render_markdown([make_record("BN"), measured("SM")])
    assert "MAP@R" not in text
    assert "precision" not in text
    assert "map_at_r" not in render_csv([make_record("BN"), measured("SM")])


def test_csv_has_them():
    rows = list(csv.DictReader(render_csv([measured("BN")]).splitlines()))
    assert (rows[0]["r_precision"], rows[0]["map_at_r"]) == ("0.25", "0.125")


def test_a_record_keeps_them(tmp_path):
    record = measured("BN")
    assert read(records.write(record, tmp_path)) == record
    older = make_record("BN")
    assert "map_at_r" not in older.to_json()["final"]
    assert read(records.write(older, tmp_path)).final.map_at_r is None


def test_the_page_explains_the_measures_that_it_shows():
    with_precision = page_words.meanings([measured("BN"), measured("SM")])
    assert "<dt>R-precision</dt>" in with_precision
    assert "<dt>MAP@R</dt>" in with_precision
    assert "MAP@R" not in page_words.meanings([make_record("BN"), make_record("SM")])
