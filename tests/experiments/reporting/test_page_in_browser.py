"""The report page as a browser shows it: on a phone and a desk, in the light and in the dark."""

from __future__ import annotations

import base64
import io
import os
import shutil

import numpy as np
import pytest
from PIL import Image
from support.chromium import Browser
from support.record_factory import make_record

from hsm.experiments.reporting import page_figures
from hsm.experiments.reporting.page import write_report
from hsm.visual.page import Section, render, table
from hsm.visual.page_neighbours import Card, Neighbour, Query, neighbours

pytestmark = pytest.mark.skipif(
    shutil.which("chromium") is None and os.environ.get("HSM_REQUIRE_CHROMIUM") != "1",
    reason="needs Chromium",
)

LOOKS = [(width, scheme) for width in (390, 1280) for scheme in ("light", "dark")]


def _white_picture():
    file = io.BytesIO()
    Image.new("RGB", (28, 28), "white").save(file, "PNG")
    return f"data:image/png;base64,{base64.b64encode(file.getvalue()).decode()}"


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    """A page with everything that one may have; its pictures are white."""
    methods = ("pretrained", "SM", "LN", "BN", "HLN", "HBN")
    runs = [make_record(name, dataset="cars196_half") for name in methods]
    card = Card(_white_picture(), "a_class_whose_name_is_long_and_has_no_spaces", 28)
    near = tuple(Neighbour(card, 0.5, right) for right in (True, False) * 3)
    pictures = {
        page_figures.CURVES: list(page_figures.curve_blocks(runs)),
        "What is found": [neighbours([Query(card, 1, near)])],
    }
    return write_report(runs, tmp_path_factory.mktemp("page") / "report.html", pictures=pictures)


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    with Browser(tmp_path_factory.mktemp("profile")) as opened:
        yield opened


@pytest.mark.parametrize(("width", "scheme"), LOOKS)
def test_the_page_fits_and_has_its_pictures(browser, report, width, scheme):
    browser.show(report, width=width, scheme=scheme)
    assert browser.value("innerWidth") == width
    assert browser.value("document.documentElement.scrollWidth") <= width
    loaded = "[...document.images].map(image => image.complete && image.naturalWidth)"
    assert browser.value(loaded) == [28] * 7
    # One right edge for all blocks that are shown.
    blocks = "[...document.querySelectorAll('nav, header > *, main section > *')]"
    right = "Math.round(block.getBoundingClientRect().right)"
    shown = f"{blocks}.filter(block => block.offsetParent).map(block => {right})"
    assert len(set(browser.value(shown))) == 1


@pytest.mark.parametrize("width", [390, 1280])
def test_nothing_is_white_in_the_dark(browser, report, width):
    browser.show(report, width=width, scheme="dark")
    pixels = browser.picture()
    assert pixels.shape[1] == width
    assert pixels[4, 4].max() < 40
    side = 10
    height = len(pixels) // side * side
    blocks = pixels[:height].min(axis=-1).reshape(height // side, side, width // side, side)
    assert not (blocks.min(axis=(1, 3)) > 225).any()


def test_a_drawing_changes_its_colours_with_the_scheme(browser, report):
    ink = "getComputedStyle(document.querySelector('svg text')).fill"
    found = []
    for scheme in ("light", "dark"):
        browser.show(report, width=390, scheme=scheme)
        found.append([int(n) for n in browser.value(ink)[4:-1].split(",")])
    light, dark = np.mean(found, axis=1)
    assert light < 60
    assert dark > 200


@pytest.mark.parametrize("width", [390, 1280])
def test_a_number_stays_on_one_line_and_a_wide_table_says_so(browser, tmp_path, width):
    numbers = ("85.20 ± 0.31", "+1.20 [+0.85, +1.60]", "−2.34 *")
    rows = [("a name of several words", *numbers, *numbers)]
    blocks = [table("wide", ("Method", *"abcdef"), rows), table("narrow", ("M", "a"), [("x", "1")])]
    path = tmp_path / "page.html"
    path.write_text(render("t", [Section("s", blocks)]), encoding="utf-8")
    browser.show(path, width=width, scheme="light")
    inner = (
        "[...document.querySelectorAll('td')].map(cell => {const range = document.createRange();"
        "range.selectNodeContents(cell); return new Set([...range.getClientRects()].map("
        "box => Math.round(box.top))).size})"
    )
    assert set(browser.value(inner)) == {1}
    assert browser.value("document.documentElement.scrollWidth") <= width
    hints = "[...document.querySelectorAll('.more')].filter(hint => hint.offsetParent).length"
    assert browser.value(hints) == (1 if width < 640 else 0)
