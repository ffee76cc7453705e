"""A self-contained HTML page: one file, no network, no scripts.

It reads on a phone and in the dark, by keyboard and by screen reader: tables scroll in a region
that takes the focus, pictures have alternative texts, and colours follow the reader's system.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

_TYPES = {".png": "image/png", ".jpg": "image/jpeg", ".svg": "image/svg+xml"}

_STYLE = """
:root { color-scheme: light dark; --ink: #1b1b1b; --paper: #ffffff; --soft: #5a5a5a;
  --line: #d0d0d0; --band: #f4f4f4; --link: #00558c; }
@media (prefers-color-scheme: dark) { :root { --ink: #e8e8e8; --paper: #161616; --soft: #ababab;
  --line: #444444; --band: #222222; --link: #7cc4f5; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 62rem; padding: 1rem; color: var(--ink);
  background: var(--paper); font: 1rem/1.5 system-ui, sans-serif; }
h1 { font-size: 1.5rem; line-height: 1.25; } h2 { font-size: 1.2rem; margin-top: 2.5rem; }
a { color: var(--link); } p { max-width: 46rem; overflow-wrap: anywhere; }
.skip { position: absolute; left: -99rem; } .skip:focus { position: static; }
nav ul { display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; padding: 0; list-style: none; }
.scroll { overflow-x: auto; border: 1px solid var(--line); border-radius: .25rem; }
:focus-visible { outline: 3px solid var(--link); outline-offset: 2px; }
table { border-collapse: collapse; min-width: 100%; font-variant-numeric: tabular-nums; }
h3 { font-size: 1rem; margin: 1.75rem 0 .5rem; }
th, td { padding: .35rem .75rem; text-align: right; white-space: nowrap; }
th:first-child, td:first-child { text-align: left; position: sticky; left: 0;
  background: var(--paper); }
thead th { border-bottom: 1px solid var(--line); }
tbody tr:nth-child(even) > * { background: var(--band); }
figure { margin: 1rem 0; } figcaption { color: var(--soft); font-size: .9rem; }
img { display: block; max-width: 100%; height: auto; background: #ffffff; border-radius: .25rem; }
details { border: 1px solid var(--line); border-radius: .25rem; padding: .5rem .75rem;
  margin: .5rem 0; } summary { cursor: pointer; }
dl { display: grid; grid-template-columns: minmax(8rem, max-content) 1fr; gap: .1rem 1rem; }
dt { color: var(--soft); } dd { margin: 0; overflow-wrap: anywhere; }
"""


@dataclass(frozen=True)
class Section:
    """A part of the page.

    Attributes:
        title: Its heading; unique on the page.
        blocks: Its content: what the functions of this module return.
    """

    title: str
    blocks: Sequence[str]


def render(title: str, sections: Sequence[Section]) -> str:
    """Returns the whole page, whose first heading is `title`."""
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
        f"<title>{escape(title)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n"
        '<a class="skip" href="#main">Skip to the results</a>\n'
        f"<header><h1>{escape(title)}</h1></header>\n"
        f'<nav aria-label="Sections"><ul>{links}</ul></nav>\n'
        f'<main id="main">\n{body}\n</main>\n</body>\n</html>\n'
    )


def paragraph(text: str) -> str:
    """A paragraph of plain text."""
    return f"<p>{escape(text)}</p>"


def table(title: str, header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table whose first column names its rows; on a narrow screen it scrolls sideways."""
    head = "".join(f'<th scope="col">{escape(cell)}</th>' for cell in header)
    body = "\n".join(
        f'<tr><th scope="row">{escape(row[0])}</th>'
        + "".join(f"<td>{escape(cell)}</td>" for cell in row[1:])
        + "</tr>"
        for row in rows
    )
    name = escape(title)
    return (
        f"<h3>{name}</h3>\n"
        f'<div class="scroll" role="region" tabindex="0" aria-label="{name}">'
        f'<table aria-label="{name}"><thead><tr>{head}</tr></thead>\n'
        f"<tbody>\n{body}\n</tbody></table></div>"
    )


def picture(path: Path, *, alt: str, caption: str) -> str:
    """The picture in the file `path`, which becomes a part of the page.

    Args:
        path: A .png, .jpg or .svg file.
        alt: What is to be seen, for those who do not see it.
        caption: What stands under it.

    Raises:
        ValueError: For a file of another kind.
    """
    if path.suffix not in _TYPES:
        raise ValueError(f"A picture must be one of {', '.join(_TYPES)}. Received: {path.name}")
    data = base64.b64encode(path.read_bytes()).decode("ascii")
    return (
        f'<figure><img src="data:{_TYPES[path.suffix]};base64,{data}" alt="{escape(alt)}">'
        f"<figcaption>{escape(caption)}</figcaption></figure>"
    )


def facts(entries: Mapping[str, object]) -> str:
    """A list of names and values."""
    items = "".join(f"<dt>{escape(k)}</dt><dd>{escape(str(v))}</dd>" for k, v in entries.items())
    return f"<dl>{items}</dl>"


def details(summary: str, *blocks: str) -> str:
    """Content that is folded away under a line."""
    return f"<details><summary>{escape(summary)}</summary>{''.join(blocks)}</details>"
