"""Drawing a grid."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hsm.experiments.reporting.grid import Grid, to_latex, to_markdown, to_text

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
    with pytest.raises(ValueError, match=r"Every row needs 2 cells.*Received: \('a',\)"):
        Grid("t", ("a", "b"), (("a",),))


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
