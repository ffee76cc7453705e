"""Names in other scripts get an installed font, or one sentence says which characters have none."""

from __future__ import annotations

import warnings

import matplotlib.figure
import matplotlib.font_manager
import pytest

from hsm.visual import fonts
from hsm.visual.files import write_picture

PRIVATE = "\U0010fffd"  # No font has it.


@pytest.fixture(autouse=True)
def fresh():
    for function in (fonts.fallbacks, fonts._faces, fonts._report):
        function.cache_clear()


@pytest.fixture
def drawn(tmp_path):
    def draw(words):
        figure = matplotlib.figure.Figure(figsize=(2, 1))
        figure.text(0.1, 0.5, words)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            for suffix in (".png", ".pdf"):
                write_picture(figure, tmp_path / f"a{suffix}")
        return figure.texts[0], tmp_path / "a.pdf"

    return draw


def test_latin_and_greek_keep_the_font(drawn, capsys):
    text, _ = drawn("Käfer α → 5")
    assert text.get_fontfamily() == ["sans-serif"]
    assert capsys.readouterr().err == ""


def test_characters_without_a_font_are_said_once(drawn, capsys):
    drawn(f"a{PRIVATE}")
    drawn(f"b{PRIVATE}")
    said = capsys.readouterr().err
    assert said.count(f"No installed font has {PRIVATE}: pictures show boxes") == 1
    assert len(said.splitlines()) == 1


def test_the_fewest_families_are_chosen(monkeypatch):
    faces = {
        "A Serif": frozenset("中文"),
        "B Sans": frozenset("中文"),
        "C": frozenset("中ไ"),
        "D": frozenset("x"),
    }
    monkeypatch.setattr(fonts, "_faces", lambda: faces)
    assert fonts.fallbacks(frozenset("中文ไ한")) == (("B Sans", "C"), "한")
    assert fonts.fallbacks(frozenset()) == ((), "")


@pytest.mark.parametrize("name", ["中文", "한국", "日本", "ไทย", "हिन्दी"])
def test_a_script_whose_font_is_there_is_drawn_with_it(drawn, capsys, name):
    families, absent = fonts.fallbacks(frozenset(name))
    if absent:
        pytest.skip(f"no installed font has {absent}")
    text, pdf = drawn(f"class {name}")
    assert text.get_fontfamily() == ["sans-serif", *families]
    assert capsys.readouterr().err == ""
    assert pdf.stat().st_size > 1000
