"""A grid of cells as terminal text, Markdown or LaTeX. It knows nothing of what the cells mean."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

_LATEX = {
    "\\": r"\textbackslash{}",
    "&": r"\&",
    "%": r"\%",
    "$": r"\$",
    "#": r"\#",
    "_": r"\_",
    "{": r"\{",
    "}": r"\}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    "`": r"\`{}",
    "±": r"$\pm$",
    "−": "$-$",
    "–": "--",
    "…": r"\dots{}",
    "→": r"$\rightarrow$",
    "×": r"$\times$",
    "Δ": r"$\Delta$",
    "α": r"$\alpha$",
}
# Up to here LaTeX sets letters with accents without a further package.
_LAST_LATIN = "\u017f"

# What begins HTML, an entity, code, a link or struck text; stars and underscores at a word's edge.
_MARKUP = re.compile(
    r"[\\<&`|~]|(?<=\])\(|\*(?=\S)|(?<=\S)\*|(?<![^\W_])_|_(?![^\W_])|(?<=!)\[|\](?=\[)"
)
# What a paragraph must not begin with, lest it become a list or a heading.
_BLOCK = re.compile(r"\A(?:[*+-]|#{1,6})(?=\s)")
# In plain text, which has no bold; it takes one column.
_BEST = "•"
_BEST_NOTE = f"{_BEST} the best score."


@dataclass(frozen=True)
class Grid:
    """A table before it is drawn.

    Attributes:
        title: what the table shows, a sentence.
        header: the name of every column.
        rows: the cells, one tuple a line, each as long as `header`.
        table_notes: sentences that belong under the table.
        best: row and column, from 0, of every cell that stands out: the best of its scores.
    """

    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    table_notes: tuple[str, ...] = ()
    best: frozenset[tuple[int, int]] = frozenset()

    def __post_init__(self) -> None:
        """Refuse rows that do not fit the header."""
        for row in self.rows:
            if len(row) != len(self.header):
                raise ValueError(
                    f"expected rows of {len(self.header)} cells, as the header has. Received: {row}"
                )


def to_text(grid: Grid, *, width: int = 100) -> str:
    """Draw the grid for a terminal: columns aligned, no line wider than `width`.

    Columns that do not fit go into a further block under the first, with the row names again. The
    best cells have a dot before them, which a note explains.
    """
    table_notes = (_BEST_NOTE, *grid.table_notes) if grid.best else grid.table_notes
    rows = _marked(grid, lambda cell: f"{_BEST}{cell}")
    widths = [max(map(len, column)) for column in zip(grid.header, *rows, strict=True)]
    blocks = [_text_block([grid.header, *rows], widths, c) for c in _fit(widths, width)]
    return "\n".join(
        [
            textwrap.fill(grid.title, width),
            *("\n" + block for block in blocks),
            *([""] if table_notes else []),
            *(textwrap.fill(note, width) for note in table_notes),
        ]
    )


def to_markdown(grid: Grid) -> str:
    """Draw the grid as a Markdown table under its title in bold, the notes as paragraphs.

    The best cells are bold.
    """
    rule = " | ".join(["---", *["---:"] * (len(grid.header) - 1)])
    rows = _marked(_each(grid, _markdown), lambda cell: f"**{cell}**")
    header = tuple(map(_markdown, grid.header))
    lines = [_markdown_row(header), f"| {rule} |", *map(_markdown_row, rows)]
    table_notes = (_BLOCK.sub(r"\\\g<0>", _markdown(note)) for note in grid.table_notes)
    return "\n\n".join([f"**{_markdown(grid.title)}**", "\n".join(lines), *table_notes])


def to_latex(grid: Grid) -> str:
    """Draw the grid as a LaTeX table; the document needs the package booktabs.

    The best cells are bold.
    """
    caption = " ".join([grid.title, *grid.table_notes])
    texts = [caption, *grid.header, *(cell for row in grid.rows for cell in row)]
    rows = _marked(_each(grid, _escape), lambda cell: rf"\textbf{{{cell}}}")
    return "\n".join(
        [
            *_font_remark("".join(texts)),
            r"\begin{table}",
            r"\centering",
            rf"\caption{{{_escape(caption)}}}",
            rf"\begin{{tabular}}{{l{'r' * (len(grid.header) - 1)}}}",
            r"\toprule",
            _latex_row(map(_escape, grid.header)),
            r"\midrule",
            *map(_latex_row, rows),
            r"\bottomrule",
            r"\end{tabular}",
            r"\end{table}",
        ]
    )


def _each(grid: Grid, change: Callable[[str], str]) -> Grid:
    """Return the grid with every cell changed."""
    return replace(grid, rows=tuple(tuple(map(change, row)) for row in grid.rows))


def _marked(grid: Grid, mark: Callable[[str], str]) -> list[tuple[str, ...]]:
    """Return the rows, with `mark` applied to the best cells."""
    return [
        tuple(mark(cell) if (i, j) in grid.best else cell for j, cell in enumerate(row))
        for i, row in enumerate(grid.rows)
    ]


def _fit(widths: list[int], width: int) -> list[list[int]]:
    """Split the columns after the first into blocks that fit beside it."""
    blocks: list[list[int]] = [[0]]
    used = widths[0]
    for column in range(1, len(widths)):
        if used + 2 + widths[column] > width and len(blocks[-1]) > 1:
            blocks.append([0])
            used = widths[0]
        blocks[-1].append(column)
        used += 2 + widths[column]
    return blocks


def _text_block(rows: Sequence[tuple[str, ...]], widths: list[int], columns: list[int]) -> str:
    def line(row: tuple[str, ...]) -> str:
        row = tuple(map(_printable, row))
        texts = [row[0].ljust(widths[0]), *(row[c].rjust(widths[c]) for c in columns[1:])]
        return "  ".join(texts).rstrip()

    rule = "-" * (sum(widths[c] for c in columns) + 2 * (len(columns) - 1))
    return "\n".join([line(rows[0]), rule, *map(line, rows[1:])])


def _markdown_row(texts: Sequence[str]) -> str:
    return "| " + " | ".join(texts) + " |"


def _markdown(text: str) -> str:
    """Return `text` with Markdown's signs escaped; those that stand apart stay bare."""
    return _MARKUP.sub(r"\\\g<0>", _printable(text))


def _latex_row(texts: Iterable[str]) -> str:
    row = " & ".join(texts)
    # A star or a bracket would belong to the end of the row before.
    first = "{}" if row.lstrip().startswith(("*", "[")) else ""
    return rf"{first}{row} \\"


def _escape(text: str) -> str:
    # Between two hyphens, lest they become a dash.
    apart = _printable(text).replace("--", "-\0-").replace("--", "-\0-")
    return "".join(_LATEX.get(character, character) for character in apart).replace("\0", "{}")


def _font_remark(text: str) -> list[str]:
    """Return a line that says which characters LaTeX needs a font for, if there are such."""
    beyond = sorted({c for c in _printable(text) if c > _LAST_LATIN and c not in _LATEX})
    if not beyond:
        return []
    shown = "".join(beyond)
    return [f"% Needs LuaLaTeX or XeLaTeX and, by fontspec, a font that has {shown}"]


def _printable(text: str) -> str:
    """Return `text` in one line, with question marks for what no line can show."""
    return "".join(c if c.isprintable() else " " if c.isspace() else "?" for c in text)
