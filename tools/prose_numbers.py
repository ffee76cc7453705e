"""Numbers in prose: those of records are rendered in place, and no other measured one is let pass.

A span `<!-- n:results:FOLDER/NAME:TABLE:ROW:COLUMN -->72.80<!-- /n -->` holds a cell of the block
of that name: of its TABLE-th table, counted from 1, in the row that begins with ROW, under COLUMN.

A span `<!-- n:FILE:FIELD:FORMAT -->12.3<!-- /n -->` holds the value at the dotted path FIELD of the
JSON file experiments/FILE.json, as Python's FORMAT shows it, without a percent sign:
"final.recall.1" and ".2%" give 72.80 for 0.728. A `*` in FILE takes the mean of all files that
match; a FORMAT that begins with ± takes their sample standard deviation.

Every other number on a page that looks measured must lie in a line of docs/numbers.csv: the page, a
text on it that holds the number, and why it comes from no record. A number looks measured if a unit
follows it or a score goes before it, or if it has two decimals, a sign and decimals, or a ±. In
blocks of code, generated blocks, backticks and quotations none does.
"""

from __future__ import annotations

import csv
import json
import re
import statistics
from collections.abc import Mapping
from pathlib import Path
from typing import Any

EXCEPTIONS = "numbers.csv"

_SPAN = re.compile(r"<!-- n:((?:(?!-->).)+) -->(.*?)<!-- /n -->", re.DOTALL)
_NUMBER = r"[+−-]?\d[\d,]*(?:\.\d+)?"
_UNITS = (
    r"%|percent\b|per cent\b|(?:percentage )?points?\b|seconds?\b|s\b|ms\b|minutes?\b|min\b"
    r"|hours?\b|h\b|images(?:/s| a second)|[kKMG]i?B\b"
)
_MEASURED = re.compile(
    # With a unit, also the first of two: "73 to 82 %".
    rf"(?<![\w.@-]){_NUMBER}(?:(?:,| to| and| or|–| ±) ?{_NUMBER}|(?: to| and|–) ?\x01*\x00)*"
    rf" ?(?:{_UNITS})"
    rf"|(?:R(?:ecall)?@\d+|NMI)(?: of| is| was|:)? {_NUMBER}"
    r"|(?<![\w.@-])[+−-]?\d+\.\d\d(?!\w|\.\d|-\d)"
    r"|(?<![\w.])[+−]\d+\.\d+"
    rf"|{_NUMBER} ± {_NUMBER}"
)
_BLOCKS = ("results", "benchmarks", "exports", "first_steps")
# In their place stands nothing, or what is no number.
_HIDDEN = (
    re.compile(r"```.*?```", re.DOTALL),
    re.compile(
        r"<!-- ((?:results|final_epoch|benchmarks|robustness|exports|first_steps):[^ ]+) -->.*?"
        r"<!-- /\1 -->",
        re.DOTALL,
    ),
    re.compile(r"`[^`\n]+`"),
    re.compile(r"\]\([^)\s]*\)"),
    re.compile(r"(?m)^>.*$"),
)


def filled(page: str, experiments: Path, blocks: Mapping[str, str]) -> str:
    """Return `page` with every span filled anew.

    Args:
        page: its text.
        experiments: the folder of the records.
        blocks: name, such as "results:table1/digits" → the Markdown that stands in it.

    Raises:
        ValueError: if a span names no cell, or no number in files, or no format.
    """

    def rendered(span: re.Match[str]) -> str:
        try:
            text = _shown(span[1].split(":"), experiments, blocks)
        except (ValueError, TypeError, LookupError, statistics.StatisticsError) as error:
            raise ValueError(
                f"the span n:{span[1]} must name a cell of a rendered table, or JSON files in "
                f"{experiments}, a number in them and a format. Received: "
                f"{type(error).__name__}: {error}"
            ) from error
        return f"<!-- n:{span[1]} -->{text}<!-- /n -->"

    return _SPAN.sub(rendered, page)


def unexplained(pages: Mapping[Path, str], exceptions: Path) -> list[str]:
    """Return a sentence for every measured number without a span or an exception, and the reverse.

    Args:
        pages: file → its text.
        exceptions: a CSV file of page, text and reason, the page relative to the parent of the
            file's folder. The text is one on that page that holds the number.
    """
    root, rows = exceptions.parent.parent, _exceptions(exceptions)
    unnamed: list[str] = []
    used: set[str] = set()
    for path, page in pages.items():
        own = [row for row in rows if root / row[0] == path]
        for line, number in _numbers(page, [text for _, text, _ in own], used):
            unnamed.append(
                f"{path}:{line}: expected a number from a record, in a span `<!-- n:… -->`, or a "
                f"line in {exceptions} that says why not. Received: {number!r}"
            )
    gone = [row for row in rows if root / row[0] in pages and row[1] not in used]
    return unnamed + [
        f"{exceptions}: {page} has no measured number in {text!r}" for page, text, _ in gone
    ]


def _numbers(page: str, excepted: list[str], used: set[str]) -> list[tuple[int, str]]:
    """Return line and text of every measured number that lies in none of the excepted texts."""
    flat = page
    for pattern in _HIDDEN:
        flat = pattern.sub(_blank, flat)
    flat = _SPAN.sub(lambda span: _blank(span)[:-1] + "\x00", flat)
    allowed = {text: [m.span() for m in re.finditer(_loose(text), page)] for text in excepted}
    numbers = []
    for match in _MEASURED.finditer(flat.replace("\n", " ")):
        covering = [
            text
            for text, places in allowed.items()
            if any(begin <= match.start() and match.end() <= end for begin, end in places)
        ]
        used.update(covering)
        if not covering:
            numbers.append((page.count("\n", 0, match.start()) + 1, match.group()))
    return numbers


def _blank(match: re.Match[str]) -> str:
    """Return blanks as long, with the same lines and no number."""
    return re.sub(r"[^\n]", "\x01", match.group())


def _loose(text: str) -> str:
    """Return a pattern of `text` that may be broken into lines anywhere."""
    return r"\s+".join(map(re.escape, text.split()))


def _exceptions(path: Path) -> list[tuple[str, str, str]]:
    if not path.is_file():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        rows = [tuple(row) for row in csv.reader(file) if row]
    wrong = [row for row in rows if len(row) != 3 or not all(row)]
    if wrong:
        raise ValueError(
            f"{path}: expected page, text and reason in every line. Received: {wrong[0]}"
        )
    return rows[1:]  # type: ignore[return-value]


def _shown(names: list[str], experiments: Path, blocks: Mapping[str, str]) -> str:
    if names[0] in _BLOCKS:
        kind, block, table, *row, column = names
        return _cell(blocks[f"{kind}:{block}"], int(table), ":".join(row), column)
    name, field, form = names
    values = [
        _value(json.loads(file.read_text("utf-8")), field)
        for file in sorted(experiments.glob(f"{name}.json"))
    ]
    value = statistics.stdev(values) if form.startswith("±") else statistics.fmean(values)
    return format(value, form.removeprefix("±")).rstrip("%").replace("-", "−")


def _cell(block: str, table: int, row: str, column: str) -> str:
    tables = [part.splitlines() for part in block.split("\n\n") if part.startswith("|")]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in tables[table - 1]]
    (cells_of_row,) = (line for line in cells[2:] if line[0] == row)
    # Of columns with one name, or with a name of several, their number counts.
    place = int(column) if column.isdecimal() else cells[0].index(column)
    return cells_of_row[place].removesuffix(" *").removesuffix("%").strip("*")


def _value(content: Any, field: str) -> float:
    """Return the number at a dotted path: keys, places in lists; `name=X` finds in a list."""
    for key in field.split("."):
        if isinstance(content, list) and "=" in key:
            name, _, value = key.partition("=")
            content = next(item for item in content if str(item.get(name)) == value)
        else:
            content = content[int(key)] if isinstance(content, list) else content[key]
    return float(content)
