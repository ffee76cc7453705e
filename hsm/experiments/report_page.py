"""Records and their pictures → `report.html`: a page to read, to keep and to send."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from hsm.atomic import write_text
from hsm.experiments.measures import Record, measures
from hsm.experiments.report import LAYOUTS
from hsm.experiments.summary import final_rows
from hsm.experiments.variants import label
from hsm.visual import page
from hsm.visual.page import Section

# What differs from run to run: shown for each, not for all.
_OF_A_RUN = ("dataset", "method", "seed")


def write_report(
    records: Iterable[Record],
    path: Path,
    *,
    table: str = "table1",
    pictures: Mapping[str, Sequence[str]] | None = None,
) -> Path:
    """Writes the page and returns its path.

    Args:
        records: Those that the table is made of.
        path: The file to write.
        table: One of `report.LAYOUTS`.
        pictures: Title of a section → blocks of `hsm.visual.page`, between results and settings.
    """
    runs = list(records)
    names = ", ".join(dict.fromkeys(run["data"]["name"] for run in runs))
    sections = [
        Section("Results", _tables(runs, table)),
        *(Section(title, blocks) for title, blocks in (pictures or {}).items() if blocks),
        Section("Settings", _settings(runs)),
        Section("Data and provenance", _provenance(runs)),
    ]
    title = f"{table.replace('table', 'Table ')}: {names}"
    return write_text(path, page.render(title, sections))


def curve_text(records: Sequence[Record]) -> str:
    """What learning curves show, in words: where every method ends."""
    column = next(m for m in measures(records) if m.label != "NMI")
    ends = [
        f"{row.label} {100 * score.mean:.1f}"
        for row in final_rows(records)
        if (score := row.score(column)) is not None
    ]
    return f"Scores against the epoch. {column.label} at the end, percent: {', '.join(ends)}."


def _tables(runs: Sequence[Record], table: str) -> list[str]:
    blocks = []
    for grid in LAYOUTS[table](runs):
        blocks.append(page.table(grid.title, grid.header, grid.rows))
        blocks += map(page.paragraph, grid.notes)
    return blocks


def _settings(runs: Sequence[Record]) -> list[str]:
    """What all runs share, and what each has for itself."""
    configs = [run["config"] for run in runs]
    shared = {
        key: value
        for key, value in configs[0].items()
        if key not in _OF_A_RUN and all(config.get(key) == value for config in configs)
    }
    blocks = [page.facts({key: _shown(value) for key, value in shared.items()})]
    for run in runs:
        own = {key: _shown(v) for key, v in run["config"].items() if key not in shared}
        blocks.append(page.details(_title(run), page.facts(own)))
    return blocks


def _provenance(runs: Sequence[Record]) -> list[str]:
    blocks = []
    for run in {run["data"]["name"]: run for run in runs}.values():
        counts = {part: run["data"].get(part) for part in ("train", "test", "gallery")}
        data = {
            part: f"{count['images']:,} images of {count['classes']:,} classes"
            for part, count in counts.items()
            if count
        }
        facts = {"data set": run["data"]["name"], **data, "checksum": run["data"]["checksum"]}
        blocks.append(page.facts(facts))
    for run in runs:
        blocks.append(page.details(_title(run), page.facts(_origin(run))))
    return blocks


def _origin(run: Record) -> dict[str, object]:
    provenance = run["provenance"]
    seconds = {f"{name}, seconds": f"{value:.1f}" for name, value in run["seconds"].items()}
    names = ("commit", "dirty", "python", "started", "finished", "weights_sha256")
    found: dict[str, object] = {"record": run["name"]}
    found |= {name: _shown(provenance.get(name)) for name in names}
    for group in ("versions", "hardware"):
        found |= {name: _shown(value) for name, value in provenance.get(group, {}).items()}
    return {**found, **seconds}


def _title(run: Record) -> str:
    return f"{run['data']['name']} {label(run['config'])}, seed {run['seed']}"


def _shown(value: Any) -> str:
    if value is None:
        return "–"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
