"""The site: its navigation follows the contents, docstrings become markup, wrong links end it."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import api_pages
import constructors
import docstring_markup
import navigation
import pytest

ROOT = Path(__file__).resolve().parent.parent
CONTENTS = ROOT / "docs" / "index.md"


def test_every_page_stands_once_in_the_navigation():
    groups = navigation.groups(CONTENTS.read_text(encoding="utf-8"))
    assert list(groups)[:3] == ["Results", "Guides", "Reproduction"]
    pages = [page for group in groups.values() for page in group]
    there = {
        path.relative_to(ROOT).with_suffix("").as_posix() for path in CONTENTS.parent.rglob("*.md")
    }
    assert sorted(pages) == sorted(there - {"docs/index"})


def test_every_package_with_public_names_has_a_page():
    """But records and what they are made of, which are data, not an interface."""
    listed = [path.parent for path in (ROOT / "hsm").glob("*/__init__.py")]
    public = {
        f"hsm.{path.name}" for path in listed if "__all__" in (path / "__init__.py").read_text()
    }
    assert public - {"hsm.records"} <= set(api_pages.MODULES)


@pytest.mark.parametrize("module", api_pages.MODULES)
def test_names_of_a_package_are_shown_from_its_modules(module):
    package = hasattr(importlib.import_module(module), "__path__")
    assert (":imported-members:" in api_pages.page(module)) == package


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("its `axis`, and ``k``", "its ``axis``, and ``k``"),
        ("x**2 of ||x||", r"x\*\*2 of \|\|x\|\|"),
        ("w_1 of sum_ and `a_`", r"w_1 of sum\_ and ``a_``"),
        (">>> f(**x)", ">>> f(**x)"),
    ],
)
def test_plain_words_have_no_markup(line, shown):
    assert docstring_markup.converted([line]) == [shown]


def test_an_indented_block_is_shown_as_it_stands():
    lines = ["Formula:", "", "    y = `x`**2", "", "of x*", "", "    z*", "", "Args:", "    a: b*"]
    assert docstring_markup.converted(lines) == [
        "Formula::",
        "",
        "    y = `x`**2",
        "",
        r"of x\*",
        "",
        "::",
        "",
        "    z*",
        "",
        "Args:",
        r"    a: b\*",
    ]


def test_a_layer_is_shown_with_its_own_arguments():
    from hsm.layers import L2Normalize

    app = SimpleNamespace(config=SimpleNamespace(autodoc_type_aliases={}))
    shown = constructors._shown(app, "class", "", L2Normalize, None, "(*args, **kwargs)", None)
    assert shown[0].startswith("(axis: int = -1, epsilon: float = 1e-12, *, norm_term: bool")
    assert constructors._shown(app, "class", "", L2Normalize, None, "(axis)", None) is None


def test_a_link_that_leads_nowhere_ends_the_build(tmp_path):
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "index.md").write_text("# Contents\n\n## Is α here?\n")
    (tmp_path / "README.md").write_text(
        "# A\n\n[right](docs/index.md#is-α-here) [file](docs/no.md) [heading](docs/index.md#no)\n"
    )
    command = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "-c", ROOT / "docs"]
    pages = "include_patterns=README.md,docs/index.md"
    done = subprocess.run(
        [*command, "-D", pages, tmp_path, tmp_path / "site"],
        capture_output=True,
        text=True,
        # MyST 5 calls what Sphinx 9 announces to remove.
        env={**os.environ, "PYTHONWARNINGS": "default"},
    )
    assert done.returncode == 1
    missing = [line for line in done.stderr.splitlines() if "myst.xref_missing" in line]
    assert len(missing) == 2, done.stderr
    assert "no.md" in missing[0] + missing[1]
    assert "not found in doc 'docs/index': 'no'" in missing[0] + missing[1]
