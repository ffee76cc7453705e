"""The report page holds what the tables hold, and where every number comes from."""

from __future__ import annotations

import pytest
from support.record_factory import changed, make_record

from hsm.experiments.reporting.page import write_report
from hsm.visual import page


@pytest.fixture
def runs():
    return [make_record("SM"), make_record("BN"), make_record("HBN")]


def test_the_page_holds_table_settings_and_provenance(runs, tmp_path):
    text = write_report(runs, tmp_path / "report.html").read_text()
    assert "<title>digits: HBN finds the right class first for 75.0 % of 40 test images; " in text
    assert '<p class="kind">Table 1: digits</p>' in text
    assert "digits: final epoch, percent" in text
    for run in runs:
        assert f"digits {run.method}, seed 0" in text
        assert run.name in text
        assert run.data.checksum in text
    # Shared settings stand once, others with their run.
    assert text.count("<dt>Images a step.</dt><dd><code>--batch_size=32</code></dd>") == 1


def test_the_page_tells_the_environment_and_its_changes(runs, tmp_path):
    assert "intra_op_threads" not in write_report(runs, tmp_path / "report.html").read_text()
    now = {"intra_op_threads": 1, "variables": {"OMP_NUM_THREADS": "3"}}
    run = changed(runs[0], "provenance.environment", now)
    before = {"after_epoch": 0, "environment": {"intra_op_threads": 2}}
    now = {"after_epoch": 40, "environment": {"intra_op_threads": 1}}
    runs = [changed(run, "provenance.trained_with", (before, now)), *runs[1:]]
    text = write_report(runs, tmp_path / "report.html").read_text()
    assert "<dt>intra_op_threads</dt><dd>1</dd>" in text
    assert "<dt>variables</dt><dd>{&quot;OMP_NUM_THREADS&quot;: &quot;3&quot;}</dd>" in text
    assert "<dt>continued</dt><dd>after epoch 40: intra_op_threads 1 (2 before)</dd>" in text


def test_pictures_stand_in_sections_of_their_own(runs, tmp_path):
    pictures = {"Curves": [page.paragraph("some blocks")], "Nothing": []}
    text = write_report(runs, tmp_path / "report.html", pictures=pictures).read_text()
    assert text.index(">Results</h2>") < text.index(">Curves</h2>") < text.index(">Settings</h2>")
    assert "some blocks" in text
    assert "Nothing" not in text


def test_the_verdict_comes_first_and_words_are_explained(runs, tmp_path):
    text = write_report(runs, tmp_path / "report.html").read_text()
    assert text.index("every other row is told from it.") < text.index("<main")
    assert text.index(">What the words mean</h2>") < text.index(">Results</h2>")
    assert "<dt>HBN</dt><dd>BN, heated up: " in text
    assert "<dt>LN</dt>" not in text
    assert "<dt>NMI</dt><dd>Normalised mutual information" in text
    assert '<td class="best">75.00</td>' in text


def test_settings_that_differ_stand_with_their_run(runs, tmp_path):
    runs[0] = changed(runs[0], "config.xla", True)
    text = write_report(runs, tmp_path / "report.html").read_text()
    assert text.count("<code>--xla</code>") == 1
    assert text.count("<code>--noxla</code>") == 2
    assert "<code>without --limit</code>" in text
