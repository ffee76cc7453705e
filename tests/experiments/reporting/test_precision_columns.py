"""R-precision and MAP@R in tables: where every record holds them, and nowhere else."""

from __future__ import annotations

import csv
from dataclasses import replace

import numpy as np
import pytest
from support.record_factory import QUERIES, make_record

from hsm import records
from hsm.experiments.config.run_record import read
from hsm.experiments.reporting import page_words
from hsm.experiments.reporting.method_table import grids
from hsm.experiments.reporting.table_writers import render_csv, render_markdown
from hsm.records import QueryScores


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
    assert ("MAP@R", "+0.00 [–]") in [row[:2] for row in difference.rows]
    assert any(note.startswith("A – in brackets") for note in difference.table_notes)


def with_scores(method, gain):
    """A record that keeps its queries' scores, whose mean is 0.25 and `gain`."""
    record, each = measured(method), np.arange(QUERIES) / QUERIES / 2 + gain
    scores = QueryScores(final={k: records.pack_scores(each) for k in ("r_precision", "map_at_r")})
    final = replace(record.final, r_precision=each.mean(), map_at_r=each.mean())
    return replace(record, final=final, query_scores=scores)


def test_differences_have_intervals_where_records_keep_the_queries_scores():
    runs = [with_scores("HBN", 0.1), with_scores("BN", 0.0)]
    (difference,) = (g for g in grids(runs) if "differences at the final" in g.title)
    cells = dict(row[:2] for row in difference.rows)
    assert cells["MAP@R"] == cells["R-precision"] == "+10.00 [+10.00, +10.00]"
    assert not any(note.startswith("A –") for note in difference.table_notes)
    tuned = [replace(run, config=replace(run.config, tuned=2)) for run in runs]
    (difference,) = (g for g in grids(tuned) if "HBN minus the others" in g.title)
    assert dict(zip(difference.header, difference.rows[0], strict=True))["MAP@R"] == cells["MAP@R"]


def test_one_record_without_them_leaves_the_difference_and_a_dash():
    runs = [with_scores("HBN", 0.1), measured("BN")]
    (difference,) = (g for g in grids(runs) if "differences at the final" in g.title)
    assert dict(row[:2] for row in difference.rows)["R-precision"].endswith(" [–]")


def test_scores_of_another_number_of_queries_are_refused(tmp_path):
    record = with_scores("BN", 0.0)
    assert read(records.write(record, tmp_path)) == record
    np.testing.assert_allclose(
        record.final_scores("map_at_r"), np.arange(QUERIES) / QUERIES / 2, atol=1e-5
    )
    short = QueryScores(final={"map_at_r": records.pack_scores(np.zeros(QUERIES - 1))})
    with pytest.raises(
        ValueError, match=r"query_scores.final.map_at_r: expected .*=40, .*Received"
    ):
        replace(record, query_scores=short)
    with pytest.raises(ValueError, match="expected packed scores"):
        replace(record, query_scores=QueryScores(final={"map_at_r": "AAAA"}))


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
