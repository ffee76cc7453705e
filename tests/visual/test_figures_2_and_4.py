"""What Figures 2 and 4 show, read back from the figures and from their CSV files."""

from __future__ import annotations

import csv

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.backends.backend_agg import FigureCanvasAgg

from hsm.visual.class_planes import Plane, draw_planes, spread_angles, write_planes, write_points
from hsm.visual.similarity_histograms import (
    Similarities,
    SimilarityRow,
    draw_similarities,
    write_densities,
)
from hsm.visual.style import COLUMN_WIDTH, look

NAMES = tuple("0123456789")


def plane(title="LN, α = 4", on_circle=True, length=1.0):
    labels = np.repeat(np.arange(10), 6)
    angles = labels * 0.6 + np.tile(np.linspace(-0.1, 0.1, 6), 10)
    points = length * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    return Plane(title, points, labels, points[2::6], on_circle)


def inside(figure):
    """Whether all that is drawn lies within the figure, and where it lies, in inches."""
    FigureCanvasAgg(figure).draw()
    box, (width, height) = figure.get_tightbbox(), figure.get_size_inches()
    fits = min(box.x0, box.y0) > -0.01 and box.x1 < width + 0.01 and box.y1 < height + 0.01
    return fits, box


def test_planes_have_equal_axes_points_and_weights_at_nine_tenths():
    with look():
        figure = draw_planes([plane("SM", on_circle=False, length=30.0), plane(), plane()], NAMES)
        assert figure.get_size_inches()[0] == COLUMN_WIDTH
        fits, outside = inside(figure)
    assert fits, outside
    first, second, _, empty = figure.axes
    assert not empty.axison
    for panel in (first, second):
        assert panel.get_aspect() == 1
        *classes, weights = panel.collections
        assert [len(found.get_offsets()) for found in classes] == [6] * 10
        assert {text.get_text() for text in panel.texts} == set(NAMES)
    np.testing.assert_allclose(weights.get_offsets(), 0.9 * plane().weights)
    # Names stand outside the circle, each next to its class.
    for label, text in enumerate(second.texts):
        place = np.array(text.get_position())
        assert np.linalg.norm(place) == pytest.approx(1.2)
        assert place @ plane().points[label * 6 + 2] > 1.19 * np.cos(0.1)


def test_every_point_and_weight_is_written(tmp_path):
    path = write_points([plane("SM", False, 3.0), plane()], tmp_path / "p.csv", class_names=NAMES)
    with path.open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 2 * (60 + 10)
    chosen = [row for row in rows if (row["panel"], row["kind"], row["class"]) == (
        "LN, α = 4", "feature", "3")]  # fmt: skip
    found = [[float(row["x"]), float(row["y"])] for row in chosen]
    np.testing.assert_allclose(found, plane().points[18:24], rtol=1e-5)
    assert sum(row["kind"] == "weight" for row in rows) == 20


def test_a_plane_is_written_as_png_and_pdf(tmp_path):
    paths = write_planes([plane()], tmp_path / "figure2_x", class_names=NAMES)
    assert [path.name for path in paths] == ["figure2_x.png", "figure2_x.pdf"]
    assert all(path.stat().st_size > 1000 for path in paths)


def test_planes_refuse_what_cannot_be_drawn():
    many = np.zeros((11, 2))
    with pytest.raises(ValueError, match=r"at most 10 classes.*Received: 11"):
        Plane("x", many, np.arange(11), many, True)
    with pytest.raises(ValueError, match=r"Received: \(3, 3\)"):
        Plane("x", np.zeros((3, 3)), np.zeros(3, int), np.zeros((1, 2)), True)
    with pytest.raises(ValueError, match=r"all of 0..1 as labels. Received: \[0\]"):
        Plane("x", np.zeros((3, 2)), np.zeros(3, int), np.zeros((2, 2)), True)


@settings(deadline=None)
@given(st.lists(st.floats(-7, 7), min_size=1, max_size=10))
def test_names_on_the_circle_keep_their_distance(angles):
    found = np.sort(spread_angles(np.array(angles), 0.2) % (2 * np.pi))
    distances = np.diff(found, append=found[:1] + 2 * np.pi)
    assert distances.min() >= 0.2 - 1e-6


def test_names_with_room_around_them_stay():
    angles = np.array([3.0, 0.1, 5.5, 1.0])
    np.testing.assert_allclose(spread_angles(angles, 0.2), angles)
    moved = spread_angles(np.array([1.0, 1.0, 4.0]), 0.2)
    np.testing.assert_allclose(sorted(moved), [0.9, 1.1, 4.0])


EDGES = np.linspace(-1, 1, 5)
APART = Similarities(EDGES, np.array([0, 0, 0, 2.0]), np.array([2.0, 0, 0, 0]))
ALIKE = Similarities(EDGES, np.full(4, 0.5), np.full(4, 0.5))
ROWS = [SimilarityRow("SM", APART, ALIKE), SimilarityRow("BN, α = 4", ALIKE, APART)]


def test_overlap_and_means_are_those_of_the_densities():
    assert (APART.overlap, ALIKE.overlap) == (0.0, 1.0)
    assert APART.means() == (0.75, -0.75)
    assert ALIKE.means() == (0.0, 0.0)


def test_histograms_are_aligned_and_say_their_overlap():
    with look():
        figure = draw_similarities(ROWS)
        fits, outside = inside(figure)
    assert fits, outside
    assert figure.get_size_inches()[0] == COLUMN_WIDTH
    overlaps = [panel.texts[0].get_text() for panel in figure.axes]
    assert overlaps == [f"overlap\n{value}" for value in ("0.00", "1.00", "1.00", "0.00")]
    assert {panel.get_xlim() for panel in figure.axes} == {(-1.0, 1.0)}
    for left, right in zip(figure.axes[:2], figure.axes[2:], strict=True):
        assert left.get_ylim() == right.get_ylim()
        assert left.get_position().x0 == pytest.approx(right.get_position().x0)
    assert figure.axes[2].get_title("left") == "BN, α = 4"


def test_densities_are_written(tmp_path):
    with write_densities(ROWS, tmp_path / "d.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 2 * 2 * 4
    assert rows[3] == {
        "row": "SM",
        "images": "training",
        "low": "0.5",
        "high": "1",
        "same": "2",
        "different": "0",
        "overlap": "0.0000",
    }
