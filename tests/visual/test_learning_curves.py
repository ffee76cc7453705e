"""Learning curves as they are drawn: lines, bands, levels, files."""

from __future__ import annotations

import pytest
from PIL import Image

from hsm.experiments.config import METHODS
from hsm.visual.learning_curves import (
    Curve,
    LearningCurves,
    draw_learning_curves,
    draw_panel,
    write_learning_curves,
)
from hsm.visual.style import COLUMN_WIDTH

PANEL = "Recall@1 (%)"


def curve(name, *seeds, method=None, **options):
    style = METHODS.style(method or name)
    return Curve(name, method or name, style, {PANEL: seeds}, **options)


SHOWN = LearningCurves(
    title=("digits",),
    panels=(PANEL,),
    curves=(
        curve("pretrained", {0: 10.0}, {0: 30.0}, is_level=True),
        curve("SM", {1: 40.0, 2: 50.0}),
        curve("BN", {1: 40.0, 2: 50.0, 3: 70.0}, {1: 60.0, 2: 54.0}),
        curve("HBN", {}),
    ),
    switches=(2,),
)


def lines_of(shown=SHOWN):
    return {line.get_label(): line for line in draw_learning_curves(shown).axes[0].get_lines()}


def test_a_line_is_the_mean_of_the_epochs_that_every_seed_has():
    line = lines_of()["BN"]
    assert list(line.get_xdata()) == [1, 2]
    assert list(line.get_ydata()) == [50.0, 52.0]


def test_one_seed_has_no_band_and_two_have_one():
    (band,) = draw_learning_curves(SHOWN).axes[0].collections
    tops = [vertex[1] for path in band.get_paths() for vertex in path.vertices]
    assert max(tops) == pytest.approx(50 + 10 * 2**0.5)


def test_a_level_is_the_mean_of_its_seeds_and_no_epoch():
    assert list(lines_of()["pretrained"].get_ydata()) == [20.0, 20.0]


def test_a_curve_without_epochs_is_left_out():
    assert "HBN" not in lines_of()


def test_methods_differ_in_color_and_in_marker():
    names = ("pretrained", "SM", "LN", "BN", "HLN", "HBN")
    shown = LearningCurves(("digits",), (PANEL,), [curve(name, {1: 1.0}) for name in names])
    lines = [lines_of(shown)[name] for name in names]
    assert len({line.get_color() for line in lines}) == len(names)
    assert len({line.get_marker() for line in lines}) == len(names)


def test_files_are_written_and_repeatable(tmp_path):
    first = write_learning_curves(SHOWN, tmp_path / "a" / "curves")
    second = write_learning_curves(SHOWN, tmp_path / "b" / "curves")
    assert [path.name for path in first] == ["curves.png", "curves.pdf"]
    assert [p.read_bytes() for p in first] == [p.read_bytes() for p in second]
    with Image.open(first[0]) as image:
        assert image.width == COLUMN_WIDTH * 200
    assert first[1].read_bytes().startswith(b"%PDF")


def _band(figure):
    (band,) = figure.axes[0].collections
    heights = [vertex[1] for path in band.get_paths() for vertex in path.vertices]
    return min(heights), max(heights)


def test_a_panel_by_itself_has_the_whole_range_or_is_enlarged():
    shown = LearningCurves((), (PANEL,), (curve("SM", {1: 40.0, 2: 50.0}),))
    assert draw_panel(shown, PANEL, whole=True).axes[0].get_ylim() == (0, 100)
    low, high = draw_panel(shown, PANEL, whole=False).axes[0].get_ylim()
    assert 30 < low < 40
    assert 50 < high < 60


def test_its_band_of_one_seed_is_over_queries_and_of_several_over_seeds():
    one = LearningCurves((), (PANEL,), (curve("SM", {1: 50.0}, queries={PANEL: 100}),))
    assert _band(draw_panel(one, PANEL, whole=True)) == (40, 60)
    two = LearningCurves((), (PANEL,), (curve("SM", {1: 50.0}, {1: 51.0}),))
    # 12.706 is the quantile of Student's t with one degree of freedom.
    assert _band(draw_panel(two, PANEL, whole=True)) == pytest.approx((44.147, 56.853), abs=1e-3)
    assert not draw_panel(SHOWN, PANEL, whole=True).axes[0].collections[1:]
