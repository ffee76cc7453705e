"""What a search found: as a table, as JSON, and as a sheet of pictures."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from hsm import atomic
from hsm.data import images
from hsm.data.catalog import MAX_PIXELS
from hsm.serving import Embeddings, Index, Neighbour
from hsm.serving.decoding import decode
from hsm.serving.inputs import Item
from hsm.visual import page, page_search
from hsm.visual.search_sheet import ResultPicture, ResultRow, draw_results

_SIDE, _NEUTRAL = 160, 128
# More of them make no sheet that can be looked at.
_MOST_ROWS, _MOST_COLUMNS = 50, 15


@dataclass(frozen=True)
class Result:
    """A photograph and what lies nearest to it, without itself."""

    query: str
    neighbours: tuple[Neighbour, ...]


def look_up(
    index: Index, embeddings: Embeddings, nearest: int, *, label: str | None
) -> list[Result]:
    """Return the nearest items of each photograph; one in the index does not find itself."""
    itself = [os.path.abspath(name) for name in embeddings.names]
    near = index.search(embeddings.vectors, nearest + 1, label=label)
    others = [
        tuple([item for item in items if item.id != own][:nearest])
        for items, own in zip(near, itself, strict=True)
    ]
    return [Result(name, items) for name, items in zip(embeddings.names, others, strict=True)]


def as_table(results: Sequence[Result], index: Index) -> str:
    """Return a block of lines a photograph: place, distance, label, id."""
    return "\n\n".join(_block(result, index.threshold) for result in results)


def _block(result: Result, threshold: float | None) -> str:
    if not result.neighbours:
        return f"{result.query}\n  nothing to find in the index"
    width = max(len(item.label or "–") for item in result.neighbours)
    lines = [result.query]
    for place, item in enumerate(result.neighbours, start=1):
        beyond = "" if is_like(item, threshold) else "  beyond the threshold"
        label = item.label or "–"
        lines.append(f"{place:4d}  {item.distance:.4f}  {label:<{width}}  {item.id}{beyond}")
    if not is_like(result.neighbours[0], threshold):
        lines.append(f"  nothing like it: the nearest is beyond the threshold {threshold:.4f}")
    return "\n".join(lines)


def is_like(item: Neighbour, threshold: float | None) -> bool:
    """Return whether an item is within the threshold; True where there is none."""
    return threshold is None or item.distance <= threshold


def as_json(results: Sequence[Result], index: Index) -> str:
    """Return one JSON object: the index, its threshold, and the queries with what was found."""
    threshold = index.threshold
    queries = [
        {
            "query": result.query,
            "neighbours": [
                {**asdict(item), "is_like": is_like(item, threshold)} for item in result.neighbours
            ],
        }
        for result in results
    ]
    about = {"index": str(index.path), "items": len(index), "threshold": threshold}
    return json.dumps({**about, "queries": queries}, indent=1, ensure_ascii=False)


def draw(results: Sequence[Result], index: Index, path: Path) -> None:
    """Write the sheet of the first photographs, a .png, .pdf or .html file.

    Raises:
        OSError: if it cannot be written.
    """
    rows = [_row(result, index.threshold) for result in results[:_MOST_ROWS]]
    count = f"{len(rows):,} of {len(results):,}" if len(rows) < len(results) else f"{len(rows):,}"
    title = f"Nearest among {len(index):,} images of {index.path.name}; {count} looked up"
    if path.suffix == ".html":
        block = page.Section("What was found", [page_search.results(rows)])
        atomic.write_text(path, page.render(title, [block], kind="Search"))
        return
    from hsm.visual.files import write_picture
    from hsm.visual.style import look

    with look():
        write_picture(draw_results(rows, title), path)


def _row(result: Result, threshold: float | None) -> ResultRow:
    shown = result.neighbours[:_MOST_COLUMNS]
    query, *pixels = pictures([result.query, *(item.id for item in shown)])
    neighbours = tuple(
        ResultPicture(
            one, item.label or Path(item.id).name, item.distance, is_like(item, threshold)
        )
        for one, item in zip(pixels, shown, strict=True)
    )
    return ResultRow(ResultPicture(query, Path(result.query).name), neighbours)


def pictures(paths: Sequence[str], side: int = _SIDE) -> np.ndarray:
    """Return whole pictures, uint8 [n, side, side, 3]; grey where one cannot be read any more."""
    decoded = decode([Item(path, Path(path)) for path in paths], side, MAX_PIXELS)
    shape = (len(paths), side, side, images.CHANNELS)
    pixels = np.full(shape, _NEUTRAL, np.uint8)
    pixels[decoded.places] = decoded.pixels
    return pixels
