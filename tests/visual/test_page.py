"""The page is one file that needs nothing else, and says in words what its pictures show."""

from __future__ import annotations

from html.parser import HTMLParser

from hsm.visual import page
from hsm.visual.page import Section
from hsm.visual.page_neighbours import Card, Neighbour, Query, neighbours

_VOID = {"meta", "img", "link", "br"}
_ODD = '<A & "B">'


class Outline(HTMLParser):
    """Elements in their order; refuses tags that are not closed where they should be."""

    def __init__(self, text):
        super().__init__()
        self.found, self.open, self.text = [], [], []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))
        if tag not in _VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)

    def all(self, tag):
        return [attributes for name, attributes in self.found if name == tag]


IMAGE = "data:image/png;base64,bm90IGxvb2tlZCBpbnRv"
FOUND = Neighbour(Card(IMAGE, _ODD, 28), 0.125, False)


def whole_page():
    sections = [
        Section("First", [page.paragraph(_ODD), page.table(_ODD, ["x", "y"], [[_ODD, "1"]])]),
        Section("Second", [neighbours([Query(Card(IMAGE, _ODD, 144), 3, (FOUND,))])]),
        Section("Third", [page.details(_ODD, page.facts({_ODD: 3.5}))]),
        Section("Fourth", [page.words({_ODD: "a word"}), page.settings({_ODD: "--flag=1"})]),
    ]
    return page.render(_ODD, sections, kind="Table 1", lead=[page.verdict([_ODD])])


def test_the_page_is_well_formed_and_shows_text_as_it_is():
    outline = Outline(whole_page())
    # Title, heading, verdict; paragraph, table, cell; query; summary, name; word, setting.
    assert outline.text.count(_ODD) == 11
    assert outline.all("img")[0]["alt"] == f"Query: {_ODD}"
    assert "3.5" in outline.text


def test_the_page_needs_no_network_and_no_scripts():
    text = whole_page()
    outline = Outline(text)
    assert "http" not in text
    assert "url(" not in text
    assert not outline.all("script")
    assert not outline.all("link")
    assert outline.all("img")[0]["src"] == IMAGE


def test_readers_find_their_way_by_keyboard():
    outline = Outline(whole_page())
    targets = {attributes["id"] for _, attributes in outline.found if "id" in attributes}
    links = [attributes["href"] for attributes in outline.all("a")]
    assert links == ["#main", "#s0", "#s1", "#s2", "#s3"]
    assert {link.removeprefix("#") for link in links} == targets
    region = next(a for a in outline.all("div") if a.get("role") == "region")
    assert region["tabindex"] == "0"
    assert region["aria-label"] == _ODD
    assert [a["scope"] for a in outline.all("th")] == ["col", "col", "row"]
    assert outline.all("html")[0]["lang"] == "en"


def test_the_page_fits_a_phone_and_the_dark():
    text = whole_page()
    assert {"name": "viewport", "content": "width=device-width, initial-scale=1"} in Outline(
        text
    ).all("meta")
    assert "prefers-color-scheme: dark" in text


def test_the_verdict_stands_above_everything_else():
    text = whole_page()
    assert text.index("Table 1") < text.index("<h1>") < text.index('class="verdict"')
    assert text.index('class="verdict"') < text.index("<nav") < text.index("<main")


def test_best_cells_are_marked_and_numbers_stay_together():
    text = page.table("t", ["m", "a", "b"], [["x", "1 [0, 2]", "3 ± 1"]], best={(0, 2)})
    assert "<td>1 [0,\N{NO-BREAK SPACE}2]</td>" in text
    assert '<td class="best">3 ±\N{NO-BREAK SPACE}1</td>' in text
    assert "Swipe" not in text
    assert "Swipe" in page.table("t", ["a", "b", "c"], [("a", "1 " * 14, "2 " * 14)])


def test_right_and_wrong_are_told_apart_by_sign_and_word():
    right = Neighbour(Card(IMAGE, "A", 28), 0.5, True)
    text = neighbours([Query(Card(IMAGE, "A", 144), 3, (FOUND, right))])
    outline = Outline(text)
    assert [image["alt"] for image in outline.all("img")] == [
        "Query: A",
        f"Neighbour 1: {_ODD}, wrong",
        "Neighbour 2: A, right",
    ]
    assert "✗ wrong" in outline.text
    assert "✓ right" in outline.text
    assert "0.50" in outline.text
    assert [image.get("class") for image in outline.all("img")] == [None, "small", "small"]
