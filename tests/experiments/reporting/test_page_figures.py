"""The report page shows pictures of the runs, and none where there is nothing to show."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from hsm.data.sources.source import Split
from hsm.experiments.reporting import page_figures, page_neighbours
from hsm.experiments.reporting.table_report import write
from hsm.experiments.runs.finished_runs import FinishedRuns
from hsm.experiments.runs.runner import Runner
from hsm.experiments.runs.workspace import Workspace

TITLES = ["Learning curves", "Similarities within and between classes", "What is found"]


@pytest.fixture(scope="module")
def finished(tmp_path_factory, few_digits, quick_config):
    runner = Runner(
        few_digits, Workspace(tmp_path_factory.mktemp("page")), report=lambda line: None
    )
    configs = [replace(quick_config, method=method) for method in ("SM", "BN")]
    return FinishedRuns(runner, [runner.run(config) for config in configs])


def test_a_page_has_curves_histograms_and_a_gallery(finished, capsys):
    write([finished], table="table1", curves="learning_curves")
    folder = finished.runner.workspace.output_dir
    text = (folder / "report.html").read_text()
    # Two panels whole and enlarged, and the histograms; eight queries with six neighbours each.
    assert text.count("<svg ") == 5
    assert text.count("<img ") == 8 * 7
    for title in TITLES:
        assert f">{title}</h2>" in text
    assert "R@1 at the end, percent: SM " in text
    assert "What the two share on test images: SM 0." in text
    assert "what BN, seed 0 finds for 8 test images" in text
    assert f"To read in a browser: {folder / 'report.html'}" in capsys.readouterr().out


def test_a_gallery_is_drawn_once(finished, monkeypatch):
    first = page_neighbours.blocks(finished)
    assert first
    monkeypatch.setattr(page_neighbours, "retrieve", None)
    assert page_neighbours.blocks(finished) == first


def test_without_weights_and_files_there_are_no_pictures(finished, few_digits, tmp_path):
    moved = replace(finished, runner=Runner(few_digits, Workspace(tmp_path)))
    drawn = page_figures.sections([moved], plots=True, curves=False)
    assert drawn == {title: [] for title in TITLES}


def test_without_matplotlib_the_gallery_stays(finished):
    drawn = page_figures.sections([finished], plots=False, curves=True)
    assert [bool(blocks) for blocks in drawn.values()] == [False, False, True]


def test_a_gallery_of_many_images_takes_whole_classes(monkeypatch):
    monkeypatch.setattr(page_neighbours, "_IMAGES", 10)
    labels = np.repeat(np.arange(50, dtype=np.int32), 2)
    split = Split(np.zeros((100, 2, 2, 3), np.uint8), labels, tuple(map(str, range(50))))
    few = page_neighbours._some_classes(split)
    assert few.class_names == ("0", "12", "24", "37", "49")
    np.testing.assert_array_equal(few.labels, np.repeat(np.arange(5), 2))
