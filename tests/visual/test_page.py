"""The page is one file that needs nothing else, and says in words what its pictures show."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest

from hsm.visual import page
from hsm.visual.page import Section

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


@pytest.fixture
def picture_file(tmp_path):
    path = tmp_path / "a.png"
    path.write_bytes(b"not looked into")
    return path


def whole_page(picture_file):
    sections = [
        Section("First", [page.paragraph(_ODD), page.table(_ODD, ["x", "y"], [[_ODD, "1"]])]),
        Section("Second", [page.picture(picture_file, alt=_ODD, caption="what it is")]),
        Section("Third", [page.details(_ODD, page.facts({_ODD: 3.5}))]),
    ]
    return page.render(_ODD, sections)


def test_the_page_is_well_formed_and_shows_text_as_it_is(picture_file):
    outline = Outline(whole_page(picture_file))
    # Title, heading, paragraph, table's heading, cell, summary and name.
    assert outline.text.count(_ODD) == 7
    assert outline.all("img")[0]["alt"] == _ODD
    assert "3.5" in outline.text


def test_the_page_needs_no_network_and_no_scripts(picture_file):
    text = whole_page(picture_file)
    outline = Outline(text)
    assert "http" not in text
    assert "url(" not in text
    assert not outline.all("script")
    assert not outline.all("link")
    assert outline.all("img")[0]["src"] == "data:image/png;base64,bm90IGxvb2tlZCBpbnRv"


def test_readers_find_their_way_by_keyboard(picture_file):
    outline = Outline(whole_page(picture_file))
    targets = {attributes["id"] for _, attributes in outline.found if "id" in attributes}
    links = [attributes["href"] for attributes in outline.all("a")]
    assert links == ["#main", "#s0", "#s1", "#s2"]
    assert {link.removeprefix("#") for link in links} == targets
    region = next(a for a in outline.all("div") if a.get("role") == "region")
    assert region["tabindex"] == "0"
    assert region["aria-label"] == _ODD
    assert [a["scope"] for a in outline.all("th")] == ["col", "col", "row"]
    assert outline.all("html")[0]["lang"] == "en"


def test_the_page_fits_a_phone_and_the_dark(picture_file):
    text = whole_page(picture_file)
    assert {"name": "viewport", "content": "width=device-width, initial-scale=1"} in Outline(
        text
    ).all("meta")
    assert "prefers-color-scheme: dark" in text


def test_other_kinds_of_pictures_are_refused(tmp_path):
    with pytest.raises(ValueError, match=r"one of \.png, \.jpg, \.svg\. Received: a\.pdf"):
        page.picture(tmp_path / "a.pdf", alt="", caption="")
