"""Drawing a grid."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from hsm.experiments.config import run_record
from hsm.experiments.reporting.grid import Grid, to_latex, to_markdown, to_text
from hsm.experiments.reporting.table_writers import LAYOUTS, render_latex

GRID = Grid(
    "A title", ("Name", "x", "yy"), (("a", "1", "22.5"), ("long name", "333", "–")), ("End.",)
)


def test_text_aligns_the_first_column_left_and_the_others_right():
    assert to_text(GRID).splitlines() == [
        "A title",
        "",
        "Name         x    yy",
        "--------------------",
        "a            1  22.5",
        "long name  333     –",
        "",
        "End.",
    ]


def test_text_moves_columns_that_do_not_fit_under_the_first_block():
    lines = to_text(GRID, width=15).splitlines()
    assert lines[2:10] == [
        "Name         x",
        "--------------",
        "a            1",
        "long name  333",
        "",
        "Name         yy",
        "---------------",
        "a          22.5",
    ]


def test_markdown():
    assert to_markdown(GRID).splitlines()[2:6] == [
        "| Name | x | yy |",
        "| --- | ---: | ---: |",
        "| a | 1 | 22.5 |",
        "| long name | 333 | – |",
    ]


def test_markdown_escapes_what_begins_html_or_code():
    text = to_markdown(Grid("<b>x</b>", ("a`b", "c\\<d"), (("1 * [2]", "|&lt;"),), ("<!-- n",)))
    assert text.splitlines() == [
        r"**\<b>x\</b>**",
        "",
        r"| a\`b | c\\\<d |",
        "| --- | ---: |",
        r"| 1 * [2] | \|\&lt; |",
        "",
        r"\<!-- n",
    ]


@pytest.mark.parametrize("note", ["* more than 2 points.", "- a", "+ b", "# c", "## d"])
def test_a_note_is_a_paragraph_whatever_it_begins_with(note):
    text = to_markdown(Grid("t", ("a", "b"), (("x", "1 *"),), (note,)))
    assert text.splitlines()[-1] == f"\\{note}"
    assert "| x | 1 * |" in text


def test_markdown_escapes_bars():
    assert r"| a\|b |" in to_markdown(Grid("t", ("a|b",), ()))


def test_latex():
    assert to_latex(GRID).splitlines() == [
        r"\begin{table}",
        r"\centering",
        r"\caption{A title End.}",
        r"\begin{tabular}{lrr}",
        r"\toprule",
        r"Name & x & yy \\",
        r"\midrule",
        r"a & 1 & 22.5 \\",
        r"long name & 333 & -- \\",
        r"\bottomrule",
        r"\end{tabular}",
        r"\end{table}",
    ]


def test_latex_escapes_every_special_character():
    assert r"\textbackslash{}\_\{\%\^" not in to_latex(Grid("t", (r"\_{%^",), ()))
    assert r"\textbackslash{}\_\{\%\textasciicircum{}" in to_latex(Grid("t", (r"\_{%^",), ()))


def test_short_rows_are_refused():
    with pytest.raises(ValueError, match=r"expected rows of 2 cells.*Received: \('a',\)"):
        Grid("t", ("a", "b"), (("a",),))


def in_every_place(text):
    """A table with `text` as name of a column, first and later cell, and in title and note."""
    cells = ((text, "1", text), (f"a{text}b", text, ""))
    return Grid(f"a{text}b", (text, "x", text), cells, (f"a{text}b",))


def shown_by_markdown(text):
    """Title and cells as a reader of Markdown sees them."""
    tokens = MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse(text)
    inline = [token for token in tokens if token.type == "inline"]
    assert {child.type for t in inline for child in t.children} <= {
        *("text", "text_special", "strong_open", "strong_close")
    }
    return ["".join(child.content for child in token.children) for token in inline]


@given(st.text(st.characters(max_codepoint=127), max_size=8))
@example("*")
@example("**a**")
@example("_a_ ~~b~~ [c](d) ![e] [f][g]")
@example("a_b")
def test_markdown_shows_every_text_as_it_is(text):
    one_line = "".join(c if c.isprintable() else " " if c.isspace() else "?" for c in text)
    grid = in_every_place(one_line.strip())
    expected = [
        grid.title,
        *grid.header,
        *(cell for row in grid.rows for cell in row),
        *grid.table_notes,
    ]
    assert shown_by_markdown(to_markdown(in_every_place(text.strip()))) == expected


@pytest.fixture(scope="module")
def latex():
    """The command that compiles; its absence is no reason to skip where it is promised."""
    found = next(filter(None, map(shutil.which, ("pdflatex", "lualatex", "tectonic"))), None)
    if found is None:
        assert not os.environ.get("HSM_REQUIRE_LATEX"), "HSM_REQUIRE_LATEX is set: install LaTeX"
        pytest.skip("needs pdflatex, lualatex or tectonic")
    return found


@pytest.fixture
def compiled(latex, tmp_path):
    def compile_tables(tables):
        document = r"\documentclass{article}\usepackage{booktabs}\extrafloats{500}"
        pages = "\n\\clearpage\n".join(tables)
        (tmp_path / "a.tex").write_text(
            f"{document}\n\\begin{{document}}\n{pages}\n\\end{{document}}\n", encoding="utf-8"
        )
        options = [] if "tectonic" in latex else ["-interaction=nonstopmode", "-halt-on-error"]
        result = subprocess.run(
            [latex, *options, "a.tex"],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=300,
            check=False,
        )
        assert result.returncode == 0, result.stdout[-2000:]
        return tmp_path / "a.pdf"

    return compile_tables


def test_latex_compiles_whatever_ascii_the_names_hold(compiled):
    characters = [chr(code) for code in range(128)]
    texts = [*characters, *(2 * c for c in characters), "a--b---c", "[2] * [3]", "\n\n", "été ß"]
    tables = [to_latex(in_every_place(text)) for text in texts]
    pdf = compiled(tables)
    if shutil.which("pdftotext"):
        shown = subprocess.run(["pdftotext", str(pdf), "-"], capture_output=True, check=True).stdout
        for character in "&%$#{}\\<>|[*":  # The others are drawn as lines and accents.
            assert character.encode() in shown


def test_the_tables_of_the_records_compile(compiled):
    folder = Path(__file__).resolve().parents[3] / "experiments" / "records"
    tables = []
    for table in LAYOUTS:
        for records in sorted(path for path in folder.rglob("*") if path.is_dir()):
            try:
                tables.append(render_latex(run_record.read_all(records), table))
            except ValueError:  # Of records that go into no one table.
                continue
    assert len(tables) > len(LAYOUTS)
    compiled(tables)


def test_latex_names_the_characters_that_need_a_font():
    assert to_latex(Grid("鳥 ± é", ("a",), ())).splitlines()[:2] == [
        "% Needs LuaLaTeX or XeLaTeX and, by fontspec, a font that has 鳥",
        r"\begin{table}",
    ]


BEST = replace(GRID, best=frozenset({(0, 2), (1, 1)}))


def test_best_cells_have_a_dot_in_text_and_lines_stay_aligned():
    assert to_text(BEST).splitlines()[2:] == [
        "Name          x     yy",
        "----------------------",
        "a             1  •22.5",
        "long name  •333      –",
        "",
        "• the best score.",
        "End.",
    ]


def test_best_cells_are_bold_in_markdown_and_latex():
    assert to_markdown(BEST).splitlines()[4:6] == [
        "| a | 1 | **22.5** |",
        "| long name | **333** | – |",
    ]
    percent = Grid("t", ("a", "b"), (("x", "1 %"),), best=frozenset({(0, 1)}))
    assert r"x & \textbf{1 \%} \\" in to_latex(percent)
