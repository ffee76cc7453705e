"""The pages: their links lead somewhere, and the commands that they name exist."""

from __future__ import annotations

import functools
import importlib.util
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
README = ROOT / "README.md"
PAGES = [README, *sorted((ROOT / "docs").rglob("*.md"))]

_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", flags=re.DOTALL | re.MULTILINE)
_TARGET = re.compile(r'\]\(([^)\s]+)\)|\bsrc="([^"]+)"')
_HEADING = re.compile(r"^#+ (.+)$", flags=re.MULTILINE)

all_pages = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))


def prose(page: Path) -> str:
    """What stands on a page outside of its blocks of code."""
    return _FENCE.sub("", page.read_text(encoding="utf-8"))


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


def commands(page: Path) -> list[list[str]]:
    """The lines of a page's blocks of commands, in words."""
    blocks = [
        code for language, code in _FENCE.findall(page.read_text("utf-8")) if language == "bash"
    ]
    return [shlex.split(line) for block in blocks for line in block.splitlines()]


@functools.cache
def flags_of(module: str) -> str:
    """What a command says of its flags."""
    command = [sys.executable, "-m", module, "--help"]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout


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
def test_every_command_and_flag_of_a_page_exists(page):
    for words in commands(page):
        if "-m" not in words or not words[words.index("-m") + 1].startswith("hsm."):
            continue
        module = words[words.index("-m") + 1]
        known = flags_of(module)
        given = [word for word in words[words.index(module) + 1 :] if word.startswith("--")]
        for flag, _, value in (word.removeprefix("--").partition("=") for word in given):
            if flag == "flagfile":
                assert (ROOT / value).is_file(), value
            else:
                assert re.search(rf"^  --(\[no\])?{flag}\b", known, re.MULTILINE), (module, flag)


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
