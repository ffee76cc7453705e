"""Records and their pictures → `report.html`: a page to read, to keep and to send."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from hsm.atomic import write_text
from hsm.experiments.config.run_record import RunRecord
from hsm.experiments.reporting import page_words, verdict
from hsm.experiments.reporting.table_writers import LAYOUTS
from hsm.experiments.runs.made_with import continuations, makers
from hsm.visual import page
from hsm.visual.page import Section


def write_report(
    records: Iterable[RunRecord],
    path: Path,
    *,
    table: str = "table1",
    pictures: Mapping[str, Sequence[str]] | None = None,
) -> Path:
    """Write the page and return its path.

    Args:
        records: those that the table is made of.
        path: the file to write.
        table: one of `report.LAYOUTS`.
        pictures: title of a section → blocks of `hsm.visual.page`, between results and settings.
    """
    runs = list(records)
    names = ", ".join(dict.fromkeys(run.data.name for run in runs))
    sections = [
        Section("What the words mean", [page_words.meanings(runs)]),
        Section("Results", _tables(runs, table)),
        *(Section(title, blocks) for title, blocks in (pictures or {}).items() if blocks),
        Section("Settings", page_words.settings(runs)),
        Section("Data and provenance", _provenance(runs)),
    ]
    kind = f"{table.replace('table', 'Table ')}: {names}"
    lead = [page.verdict(verdict.verdict(runs))]
    return write_text(path, page.render(verdict.headline(runs), sections, kind=kind, lead=lead))


def _tables(runs: Sequence[RunRecord], table: str) -> list[str]:
    blocks = []
    for grid in LAYOUTS[table](runs):
        blocks.append(page.table(grid.title, grid.header, grid.rows, best=grid.best))
        blocks += map(page.paragraph, grid.table_notes)
    return blocks


def _provenance(runs: Sequence[RunRecord]) -> list[str]:
    blocks = []
    for run in {run.data.name: run for run in runs}.values():
        counts = {"train": run.data.train, "test": run.data.test, "gallery": run.data.gallery}
        data = {
            part: f"{count.images:,} images of {count.classes:,} classes"
            for part, count in counts.items()
            if count
        }
        facts = {"data set": run.data.name, **data, "checksum": run.data.checksum}
        blocks.append(page.facts(facts))
    for run in runs:
        blocks.append(page.details(page_words.title(run), page.facts(_origin(run))))
    return blocks


def _origin(run: RunRecord) -> dict[str, object]:
    origin = run.provenance.to_json()
    continued = continuations(makers(origin))
    origin.pop("trained_with", None)
    groups = [origin.pop("versions"), origin.pop("hardware"), origin.pop("environment", {})]
    seconds = {f"{name}, seconds": f"{value:.1f}" for name, value in run.seconds.items()}
    shown: dict[str, object] = {"record": run.name}
    for group in (origin, *groups):
        shown |= {name: _shown(value) for name, value in group.items()}
    if continued:
        shown["continued"] = "; ".join(continued)
    return {**shown, **seconds}


def _shown(value: Any) -> str:
    if value is None:
        return "–"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
