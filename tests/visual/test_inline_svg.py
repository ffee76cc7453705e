"""A drawing takes a page's colours, and its names meet no other drawing's."""

from __future__ import annotations

import re

import pytest

from hsm.visual.inline_svg import inline
from hsm.visual.learning_curves import Curve, LearningCurves, draw_panel
from hsm.visual.style import LineStyle, look

LINE = LineStyle("#D55E00", "o", "-")
SHOWN = LearningCurves(
    title=("t",),
    panels=("p (%)",),
    curves=(Curve("BN", "BN", LINE, {"p (%)": [{1: 50.0, 2: 60.0}]}, queries={"p (%)": 100}),),
)


@pytest.fixture(scope="module")
def svg():
    with look():
        return inline(draw_panel(SHOWN, "p (%)", whole=True), alt="<a line>", name="one")


def test_colours_are_the_pages(svg):
    assert "stroke: var(--d55e00, #d55e00)" in svg
    assert "var(--ink)" in svg
    colors = re.findall(r"(?:fill|stroke): ([^;\"]*)", svg)
    assert {color for color in colors if not color.startswith("var(")} == {"none"}


def test_it_is_an_element_of_a_page_and_no_file(svg):
    assert svg.startswith('<svg class="drawn" viewBox="0 0 ')
    assert 'aria-label="&lt;a line&gt;"' in svg
    for other in ("http", "<style", "<metadata", "DejaVu", "xlink", "<?xml"):
        assert other not in svg


def test_names_are_its_own_and_known(svg):
    names = re.findall(r'\bid="([^"]*)"', svg)
    assert all(name.startswith("one-") for name in names)
    assert set(re.findall(r'(?:url\(|href=")#([^)"]*)', svg)) == set(names)


def test_words_are_text(svg):
    assert re.search(r"<text [^>]*>Epoch</text>", svg)
