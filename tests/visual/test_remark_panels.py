"""What the panels on the text's remarks show, and their CSV files."""

from __future__ import annotations

import csv

import matplotlib
import numpy as np
import pytest
from visual.test_figures_2_and_4 import inside

from hsm.metrics import Interval
from hsm.visual.port_rows import PortRow, draw_port, write_port_figure, write_port_numbers
from hsm.visual.remark_panels import RemarkRow, draw_remarks, write_numbers, write_remarks
from hsm.visual.style import COLUMN_WIDTH, look

NORMS = {"training": np.array([1, 2, 4, 6, 9.0]), "test": np.array([1, 1, 2, 3, 3.0])}
SCORES = {"R@1": (60.0, 58.0), "NMI": (50.0, 51.0)}
ROWS = [
    RemarkRow("SM", "SM", NORMS, SCORES),
    RemarkRow("HLN, α = 16 → 4", "HLN", NORMS, SCORES),
    RemarkRow("pretrained", "pretrained", NORMS, {}),
]
PORTS = [
    PortRow("as Caffe", {1: 0.75, 2: 0.8}, Interval(0, 0, 0), 1.0),
    PortRow("RGB in [−1, 1]", {1: 0.1, 2: 0.2}, Interval(-0.65, -0.7, -0.6), 0.3),
    PortRow("random weights", {1: 0.05, 2: 0.1}, Interval(-0.7, -0.75, -0.65), None),
]


def test_the_spread_is_the_middle_eighty_percent_over_the_median():
    assert ROWS[0].spread("training") == 1.0
    assert ROWS[0].spread("test") == 1.0


def test_norms_and_scores_are_drawn_and_nothing_is_clipped():
    with look():
        figure = draw_remarks(ROWS, title="a_data_set_with_a_very_long_name")
        fits, outside = inside(figure)
    assert fits, outside
    assert figure.get_size_inches()[0] == COLUMN_WIDTH
    norms, recall, nmi = figure.findobj(matplotlib.axes.Axes)
    assert len(norms.get_yticks()) == 3
    assert len(recall.get_yticks()) == 2, "the pretrained feature has no scores"
    assert recall.get_xlabel() == "R@1 (%)"
    plain, unit = recall.get_lines()[1:3]
    assert (list(plain.get_xdata()), list(unit.get_xdata())) == ([58.0], [60.0])
    assert nmi.get_xlabel() == "NMI (%)"


def test_without_scores_there_are_norms_alone(tmp_path):
    assert len(draw_remarks(ROWS[2:], title="x").findobj(matplotlib.axes.Axes)) == 1
    assert len(write_remarks(ROWS, tmp_path / "remarks_x", title="x")) == 2


def test_numbers_are_written(tmp_path):
    with write_numbers(ROWS, tmp_path / "n.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 6
    assert rows[1]["R@1_normalised"] == "60"
    assert rows[1]["R@1_as_they_are"] == "58"
    assert rows[0]["R@1_normalised"] == rows[5]["NMI_normalised"] == ""
    assert (rows[0]["norm_10%"], rows[0]["spread"]) == ("2", "1")


def test_ports_are_drawn_and_written(tmp_path):
    with look():
        figure = draw_port(PORTS, title="cub100: 600 test images, pretrained")
        fits, outside = inside(figure)
    assert fits, outside
    recall, cosine = figure.axes
    assert [bar.get_width() for bar in recall.patches] == pytest.approx([75, 10, 5])
    assert len(cosine.get_lines()) == 2 * 2
    assert len(write_port_figure(PORTS, tmp_path / "port_x", title="x")) == 2
    with write_port_numbers(PORTS, tmp_path / "p.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert rows[1]["gain@1_low"] == "-0.7"
    assert (rows[0]["cosine"], rows[2]["cosine"]) == ("1", "")
