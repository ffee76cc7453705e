"""The model card: what an exported network is, was made of, and can do; nothing that is not known.

The same facts stand in `model_card.json`, for programs.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hsm import atomic
from hsm.records import commit
from hsm.records.json_values import encode

CARD, FACTS, RECORD = "model_card.md", "model_card.json", "record.json"

_NO_SCORES = "None: no record of this run was found, and nothing was measured for this card."


@dataclass(frozen=True, kw_only=True)
class RunFacts:
    """What is known of the run that trained a network; what is not stays empty.

    Attributes:
        method: what the run calls its method, such as "HBN".
        about: the method in words.
        run: the run's name.
        training: settings and provenance of the training.
        data: what it was trained and tested on.
        scores: Recall@K and NMI with what they are of; empty if there is no record.
        licences: what is made of what under which terms.
        record: the text of the run's record, a file of its own beside the card; None without one.
    """

    method: str | None = None
    about: str | None = None
    run: str | None = None
    training: Mapping[str, Any] = field(default_factory=dict)
    data: Mapping[str, Any] = field(default_factory=dict)
    scores: Mapping[str, Any] = field(default_factory=dict)
    licences: Mapping[str, Any] = field(default_factory=dict)
    record: str | None = None


def write_card(folder: Path, description: Mapping[str, Any], run: RunFacts) -> None:
    """Write the card, its facts, and the record that its scores are from, into `folder`.

    Args:
        folder: of the export.
        description: of the exported network: its method, sizes, signatures, digest.
        run: what is known of its training.
    """
    facts = card_facts(description, run)
    atomic.write_text(folder / CARD, card_text(facts))
    atomic.write_text(folder / FACTS, json.dumps(facts, indent=2, allow_nan=False) + "\n")
    if run.record is not None:
        atomic.write_text(folder / RECORD, run.record)


def card_facts(description: Mapping[str, Any], run: RunFacts) -> dict[str, Any]:
    """Return what the card says, as JSON values, by section."""
    code, dirty = commit()
    known = {item.name: getattr(run, item.name) for item in dataclasses.fields(run)}
    return encode(
        {
            "run": run.run,
            "model": {**description, "about": run.about},
            "training": known["training"],
            "data": known["data"],
            "scores": known["scores"],
            "preprocessing": _preprocessing(description),
            "limits": _limits(description, run),
            "licences": known["licences"],
            "export": {"commit": code, "uncommitted_changes": dirty},
        }
    )


def card_text(facts: Mapping[str, Any]) -> str:
    """Return the card in Markdown: a section for every key of `facts`."""
    title = facts["run"] or f"An embedding of {facts['model']['backbone']}"
    sections = [f"# {title}", "A network that turns a picture into a vector of unit length."]
    for name, content in facts.items():
        if name != "run":
            sections += [f"## {name.capitalize()}", _section(name, content)]
    return "\n\n".join(sections) + "\n"


def _preprocessing(description: Mapping[str, Any]) -> dict[str, str]:
    side, crop = description["resize_size"], description["image_size"]
    return {
        "pixels": "RGB, 0 to 255; files are turned upright as their EXIF tag says",
        "size": f"resized to {side} x {side} whatever the aspect ratio (Lanczos, antialiased), of "
        f"which the network sees the centre, {crop} x {crop}",
        "done_by": "the graph" if "signatures" in description else "the caller",
    }


def _limits(description: Mapping[str, Any], run: RunFacts) -> dict[str, Any]:
    known = {
        "meaning": "Near vectors mean alike in the sense of the training classes. Pictures of "
        "another kind get vectors, too, of which nothing was measured.",
        "threshold": "The distance from which two pictures count as different is not part of the "
        "model: calibrate it on classes of your own.",
        "comparable": "Vectors of another model, or of other weights of this one, are not.",
    }
    if not run.scores:
        known["quality"] = "Unknown: there are no scores."
    if "max_pixels" in description:
        known["largest_file"] = f"{description['max_pixels']:,} pixels"
    return known


def _section(name: str, content: Mapping[str, Any]) -> str:
    if not content:
        return _NO_SCORES if name == "scores" else "Not known."
    plain = {key: value for key, value in content.items() if key != "recall"}
    rows = ["| | |", "|---|---|", *_rows(plain)]
    return "\n".join([*_recall_table(content.get("recall", {})), *rows])


def _recall_table(recall: Mapping[str, Mapping[str, float]]) -> list[str]:
    """Return the lines of a table of Recall@K in percent with intervals."""
    rows = [
        f"| R@{k} | {100 * row['value']:.2f} | {100 * row['low']:.2f} to {100 * row['high']:.2f} |"
        for k, row in recall.items()
    ]
    head = ["| | % | 95 % interval over queries |", "|---|---:|---|"]
    return [*head, *rows, ""] if rows else []


def _rows(content: Mapping[str, Any], prefix: str = "") -> Iterator[str]:
    for key, value in content.items():
        name = f"{prefix}{key.replace('_', ' ')}"
        if isinstance(value, Mapping):
            yield from _rows(value, f"{name}: ")
        elif value is not None and value != []:
            yield f"| {name} | {_cell(value)} |"


def _cell(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(map(_cell, value))
    if isinstance(value, int):
        return f"{value:,}"
    text = f"{value:.6g}" if isinstance(value, float) else str(value)
    return text.replace("|", "\\|").replace("\n", " ")
