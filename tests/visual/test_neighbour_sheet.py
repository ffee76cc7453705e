"""What the gallery, the confusion and the map show, read back from the figures."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_hex

from hsm.visual.confusion import ConfusionRow, Direction, draw_confusion
from hsm.visual.embedding_map import MapPoints, draw_map, pictured
from hsm.visual.hit_marks import RIGHT, WRONG
from hsm.visual.neighbour_sheet import NeighbourRow, Picture, draw_neighbours
from hsm.visual.style import PAGE_WIDTH, look


@pytest.fixture(autouse=True)
def _house_style():
    with look():
        yield


def picture(shade, name):
    return Picture(np.full((6, 6, 3), shade, np.uint8), name)


def row(right, place=2, name="051.Horned_Grebe_of_a_very_long_name_indeed"):
    others = tuple(picture(10 * i, f"class {i}") for i in range(len(right)))
    return NeighbourRow(picture(200, name), place, others, tuple(right))


def words_of(figure):
    return [text.get_text() for axes in figure.axes for text in axes.texts]


def assert_nothing_is_cut_off(figure):
    """Every word lies inside of the figure, but for a rounded pixel."""
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    width, height = canvas.get_width_height()
    for axes in figure.axes:
        for text in [*axes.texts, axes.title, axes.xaxis.label, axes.yaxis.label]:
            box = text.get_window_extent(canvas.get_renderer())
            if text.get_text():
                assert box.x0 > -1
                assert box.x1 < width + 1, text.get_text()
                assert box.y0 > -1
                assert box.y1 < height + 1, text.get_text()


@pytest.mark.parametrize("neighbours", [1, 8, 15])
def test_right_and_wrong_differ_in_colour_and_sign(neighbours):
    right = [i % 3 == 1 for i in range(neighbours)]
    figure = draw_neighbours([row(right), row(right)], "birds")
    frames = [to_hex(p.get_edgecolor()) for p in figure.axes[0].patches if not p.get_fill()]
    colors = [RIGHT.color if r else WRONG.color for r in right]
    assert frames == ["#777777", *[c.lower() for c in colors]] * 2
    signs = [word for word in words_of(figure) if word in (RIGHT.sign, WRONG.sign)]
    assert signs == [RIGHT.sign if r else WRONG.sign for r in right] * 2
    assert len(figure.axes[0].images) == 2 * (1 + neighbours)


def test_names_and_the_place_of_the_first_right_one_are_read():
    figure = draw_neighbours([row([False, True]), row([False, False], place=1234)], "birds")
    words = words_of(figure)
    assert "class 1" in words
    assert any(word.endswith(f"first {RIGHT.sign} at 1,234") for word in words)
    assert figure.get_figwidth() == PAGE_WIDTH
    assert_nothing_is_cut_off(draw_neighbours([row([True] * 8)], "birds: 1 of 9 queries"))


def test_each_pair_has_a_bar_a_direction():
    pixels = np.zeros((6, 6, 3), np.uint8)
    long = "123.A_car_with_a_name_that_goes_on_and_on_2012"
    rows = [
        ConfusionRow(pixels, pixels, (Direction("a", "b", 7, 20), Direction("b", "a", 3, 30))),
        ConfusionRow(pixels, pixels, (Direction(long, long, 1, 9), Direction(long, long, 0, 8))),
    ]
    figure = draw_confusion(rows, "birds")
    _, bars = figure.axes
    assert [bar.get_width() for bar in bars.patches] == [7, 3, 1, 0]
    assert {"a → b", "b → a", "7 of 20", "3 of 30", "0 of 8"} <= set(words_of(figure))
    assert_nothing_is_cut_off(figure)


def points(classes, count=60, **options):
    generator = np.random.default_rng(0)
    labels = np.arange(count) % classes
    names = [f"class {i}" for i in range(classes)]
    return MapPoints(generator.normal(size=(count, 2)), labels, names, labels == 0, **options)


def test_pictures_do_not_overlap_and_are_bounded():
    places = np.random.default_rng(0).uniform(size=(3000, 2))
    chosen = pictured(places)
    assert len(chosen) == 90
    away = np.abs(places[chosen][:, None] - places[chosen]).max(axis=2)
    assert away[~np.eye(90, dtype=bool)].min() >= np.ptp(places, axis=0).max() / 17
    assert len(pictured(np.ones((50, 2)))) == 1


def test_few_classes_have_a_look_each():
    shown = points(5, axis_names=("one", "two"))
    pixels = np.zeros((len(pictured(shown.places)), 6, 6, 3), np.uint8)
    figure = draw_map(shown, pixels, "birds")
    groups = figure.axes[0].collections
    assert [g.get_label() for g in groups] == list(shown.class_names)
    assert sum(len(g.get_offsets()) for g in groups) == 60
    assert len({to_hex(g.get_facecolor()[0]) for g in groups}) == 5
    assert figure.axes[0].get_xlabel() == "one"
    assert_nothing_is_cut_off(figure)


def test_of_many_classes_right_and_wrong_are_told_apart():
    shown = points(20)
    pixels = np.zeros((len(pictured(shown.places)), 6, 6, 3), np.uint8)
    axes = draw_map(shown, pixels, "birds").axes[0]
    labels = {group.get_label(): len(group.get_offsets()) for group in axes.collections}
    assert labels == {
        "nearest neighbour of its class": 3,
        "nearest neighbour of another class": 57,
    }
    assert len(axes.get_xticks()) == 0
