"""A self-contained HTML page: one file, no network, no scripts.

It reads on a phone and in the dark, by keyboard and by screen reader: tables fold or scroll in a
region that takes the focus, pictures have alternative texts, and colours follow the reader's
system.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape

from hsm.visual.page_style import STYLE

_NO_BREAK = "\N{NO-BREAK SPACE}"
# So many characters, one of them between two columns, a phone shows in a line of a table.
_NARROW = 54


@dataclass(frozen=True)
class Section:
    """A part of the page.

    Attributes:
        title: its heading; unique on the page.
        blocks: its content: what the functions of this module return.
    """

    title: str
    blocks: Sequence[str]


def render(
    title: str, sections: Sequence[Section], *, kind: str = "", lead: Sequence[str] = ()
) -> str:
    """Return the whole page.

    Args:
        title: its first heading, and what a browser calls it.
        sections: its parts; links lead to them.
        kind: what stands above the title, such as the name of a table.
        lead: blocks under the title, above everything else.
    """
    above = f'<p class="kind">{escape(kind)}</p>' if kind else ""
    under = "\n".join(lead)
    links = "".join(
        f'<li><a href="#s{index}">{escape(section.title)}</a></li>'
        for index, section in enumerate(sections)
    )
    body = "\n".join(
        f'<section aria-labelledby="s{index}"><h2 id="s{index}">{escape(section.title)}</h2>\n'
        + "\n".join(section.blocks)
        + "\n</section>"
        for index, section in enumerate(sections)
    )
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n"
        '<a class="skip" href="#main">Skip to the results</a>\n'
        f"<header>{above}<h1>{_prose(title)}</h1>\n{under}</header>\n"
        f'<nav aria-label="Sections"><ul>{links}</ul></nav>\n'
        f'<main id="main">\n{body}\n</main>\n</body>\n</html>\n'
    )


def paragraph(text: str) -> str:
    """Return a paragraph of plain text."""
    return f"<p>{escape(text)}</p>"


def verdict(sentences: Iterable[str]) -> str:
    """Return what was found, a sentence a line, the first of them in bold."""
    return f'<ul class="verdict">{"".join(f"<li>{_prose(line)}</li>" for line in sentences)}</ul>'


def _prose(text: str) -> str:
    """Return plain text whose numbers stay with their signs where a line breaks."""
    return escape(re.sub(r" (?=[%=])|(?<==) ", _NO_BREAK, text))


def table(
    title: str,
    header: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    best: Collection[tuple[int, int]] = (),
) -> str:
    """Return a table whose first column names its rows; on narrow screens it breaks or scrolls.

    Args:
        title: what stands above it.
        header: the names of the columns.
        rows: the cells.
        best: row and column, from 0, of the cells that stand out.
    """
    head = "".join(f'<th scope="col">{escape(cell)}</th>' for cell in header)
    body = "\n".join(
        f'<tr><th scope="row">{escape(row[0])}</th>'
        + "".join(_cell(cell, (i, j) in best) for j, cell in enumerate(row[1:], start=1))
        + "</tr>"
        for i, row in enumerate(rows)
    )
    name = escape(title)
    more = '<p class="more wide">Swipe sideways: further columns →</p>\n'
    return (
        f"<h3>{name}</h3>\n{more if _width(header, rows) > _NARROW else ''}"
        f'<div class="scroll" role="region" tabindex="0" aria-label="{name}">'
        f'<table aria-label="{name}"><thead><tr>{head}</tr></thead>\n'
        f"<tbody>\n{body}\n</tbody></table></div>"
    )


def _width(header: Sequence[str], rows: Sequence[Sequence[str]]) -> int:
    """Return the characters of a table's line on a phone, where names break and numbers do not."""
    names = [*header, *(row[0] for row in rows)]
    words = [max(map(len, name.split() or [""])) for name in names]
    columns = [max([words[0], *words[len(header) :]])]
    for place in range(1, len(header)):
        columns.append(max([words[place], *(len(row[place]) for row in rows)]))
    return sum(columns) + len(columns) - 1


def _cell(text: str, is_best: bool) -> str:
    """Return a number; what is in brackets or behind ± stays together where it is copied, too."""
    kept = re.sub(r"(?<=±) | (?=\*)|(?<=,) (?=[^\[]*\])", _NO_BREAK, text)
    return f'<td class="best">{escape(kept)}</td>' if is_best else f"<td>{escape(kept)}</td>"


def drawings(svgs: Iterable[str], *, caption: str) -> str:
    """Return drawings by `hsm.visual.inline_svg`, beside each other where there is room."""
    return (
        f'<figure><div class="drawings">{"".join(svgs)}</div>'
        f"<figcaption>{_prose(caption)}</figcaption></figure>"
    )


def facts(entries: Mapping[str, object]) -> str:
    """Return a list of names and values."""
    items = "".join(f"<dt>{escape(k)}</dt><dd>{escape(str(v))}</dd>" for k, v in entries.items())
    return f"<dl>{items}</dl>"


def words(meanings: Mapping[str, str]) -> str:
    """Return a list of words and what they mean."""
    return facts(meanings).replace("<dl>", '<dl class="words">')


def settings(flags: Mapping[str, str]) -> str:
    """Return a list of what was set, in words, and the flag that sets it."""
    items = "".join(
        f"<dt>{escape(what)}</dt><dd><code>{escape(flag)}</code></dd>"
        for what, flag in flags.items()
    )
    return f'<dl class="settings">{items}</dl>'


def details(summary: str, *blocks: str) -> str:
    """Return content, folded away under a line."""
    return f"<details><summary>{escape(summary)}</summary>{''.join(blocks)}</details>"
