"""The pages: their links lead somewhere, and what they name exists."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import pytest
from support.pages import FENCE, PAGES, README, ROOT

_TARGET = re.compile(r'\]\(([^)\s]+)\)|\bsrc="([^"]+)"')
_HEADING = re.compile(r"^#+ (.+)$", flags=re.MULTILINE)

all_pages = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))


def prose(page: Path) -> str:
    """What stands on a page outside of its blocks of code."""
    return FENCE.sub("", page.read_text(encoding="utf-8"))


def targets(page: Path) -> list[str]:
    """Where the links and images of a page lead, but those to other hosts."""
    found = [link or image for link, image in _TARGET.findall(prose(page))]
    return [target for target in found if not re.match(r"[a-z]+:", target)]


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub names them."""
    headings = _HEADING.findall(prose(page))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def problem(page: Path, target: str) -> str | None:
    """What is wrong with a link from a page."""
    path, _, anchor = target.partition("#")
    file = (page.parent / path).resolve() if path else page
    if not file.is_file():
        return f"{target}: no such file"
    if anchor and anchor not in anchors(file):
        return f"{target}: no such heading, but {sorted(anchors(file))}"
    return None


@all_pages
def test_every_link_and_image_of_a_page_is_there(page):
    assert not [wrong for target in targets(page) if (wrong := problem(page, target))]


def test_a_link_to_a_missing_file_or_heading_is_found(tmp_path):
    page = tmp_path / "page.md"
    page.write_text(
        "# Fixed α and HBN (Table 3)\n\n[a](#fixed-α-and-hbn-table-3) [b](#no) [c](no.md)\n"
        '<img src="no.png">\n[d](https://example.org)\n```python\nx["a"](b)\n```\n'
    )
    assert targets(page) == ["#fixed-α-and-hbn-table-3", "#no", "no.md", "no.png"]
    wrong = [problem(page, target) for target in targets(page)]
    assert wrong[0] is None
    assert "no such heading" in wrong[1]
    assert wrong[2:] == ["no.md: no such file", "no.png: no such file"]


@all_pages
def test_no_line_begins_with_a_mark_within_a_sentence(page):
    """There Markdown takes the line for a block of HTML, which ends the paragraph."""
    assert not re.findall(r"(?m)^ *<!-- n:.*$", page.read_text(encoding="utf-8"))


def test_every_page_and_image_is_reached_from_the_contents():
    contents = ROOT / "docs" / "index.md"
    reached, waiting = set(), [contents]
    while waiting:
        page = waiting.pop()
        if page in reached:
            continue
        reached.add(page)
        if page.suffix == ".md":
            links = (target.partition("#")[0] for target in targets(page))
            waiting += [(page.parent / link).resolve() for link in links if link]
    files = {path for path in (ROOT / "docs").rglob("*") if path.suffix in (".md", ".png")}
    assert not files - reached


@all_pages
def test_every_module_and_tool_that_a_page_names_exists(page):
    text = page.read_text(encoding="utf-8")
    for module in set(re.findall(r"-m (hsm\.[a-z0-9_.]+[a-z0-9])", text)):
        assert importlib.util.find_spec(module), module
    for path in set(re.findall(r"(?<![\w/])(?:hsm|tools|tests|experiments)/[\w/]+\.\w+", text)):
        assert (ROOT / path).is_file(), path


def test_the_readme_can_be_read_in_one_sitting():
    text = README.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 150
    assert len(text.encode()) <= 9_000


def test_the_claims_numbers_stand_on_the_pages_of_the_results():
    claims = (ROOT / "docs" / "reproduction" / "claims.md").read_text(encoding="utf-8")
    places = [*(ROOT / "docs" / "results").glob("*.md"), ROOT / "docs/reproduction/figures.md"]
    results = "\n".join(path.read_text(encoding="utf-8") for path in places)
    number = r"[+−]?\d+\.\d\d(?!\d)"
    # An interval with its difference is one number, so that no part of it can be another's.
    whole = re.findall(rf"{number} \[{number}, {number}\]|{number} ± {number}|{number}", claims)
    assert len(whole) > 30
    missing = [one for one in whole if one not in results]
    assert not missing
