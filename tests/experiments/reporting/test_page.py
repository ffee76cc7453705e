"""The report page holds what the tables hold, and where every number comes from."""

from __future__ import annotations

import shutil
import subprocess

import pytest
from support.record_factory import changed, make_record

from hsm.experiments.reporting.page import write_report
from hsm.visual import page


@pytest.fixture
def runs():
    return [make_record("SM"), make_record("BN"), make_record("HBN")]


def test_the_page_holds_table_settings_and_provenance(runs, tmp_path):
    text = write_report(runs, tmp_path / "report.html").read_text()
    assert "<title>Table 1: digits</title>" in text
    assert "digits: final epoch, percent" in text
    for run in runs:
        assert f"digits {run.method}, seed 0" in text
        assert run.name in text
        assert run.data.checksum in text
    # Shared settings stand once, others with their run.
    assert text.count("<dt>batch_size</dt>") == 1


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


@pytest.mark.skipif(shutil.which("chromium") is None, reason="needs Chromium")
def test_a_browser_reads_the_page(runs, tmp_path):
    path = write_report(runs, tmp_path / "report.html")
    flags = "headless no-sandbox disable-gpu disable-background-networking no-first-run dump-dom"
    command = ["chromium", *(f"--{flag}" for flag in flags.split())]
    command += [f"--user-data-dir={tmp_path / 'profile'}", path.as_uri()]
    shown = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert "digits: final epoch, percent" in shown
    assert shown.count("<table") == path.read_text().count("<table")
