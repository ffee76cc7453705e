"""What a model card says of a run: from its configuration, and from its record if there is one."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

from hsm.data.catalog import ALL, CATALOG
from hsm.experiments.config import RunConfig
from hsm.experiments.config.run_record import RunRecord, read
from hsm.export.model_card import RECORD, RunFacts
from hsm.metrics.confidence import share_interval
from hsm.records import EvaluationRow

# Of a configuration, what a reader of the card asks for; the record holds the rest.
_SETTINGS = (
    *("profile", "backbone", "weights", "epochs", "heated_epochs", "alpha", "heated_alpha"),
    *("learning_rate", "heated_learning_rate", "optimizer", "batch_size", "precision"),
)


def run_facts(config: RunConfig, run_dir: Path, *, score_notes: Iterable[str] = ()) -> RunFacts:
    """Return what is known of a run.

    Args:
        config: of the run.
        run_dir: its folder, `<output_dir>/runs/<name>`, beside which its record is looked for.
        score_notes: what else is to be said of its scores, a sentence each.

    Raises:
        ValueError: if the record is there and damaged.
    """
    path = run_dir.resolve().parent.parent / "records" / f"{config.name}.json"
    record = read(path) if path.is_file() else None
    text = path.read_text(encoding="utf-8") if record else None
    return RunFacts(
        method=config.method,
        about=config.traits.about,
        run=config.name,
        training={**_settings(config), **(_made_with(record) if record else {})},
        data=_data(record) if record else {"name": config.dataset, "split": config.split},
        scores=_scores(record, text, score_notes) if record and text else {},
        licences=_licences(config, record),
        record=text,
    )


def _settings(config: RunConfig) -> dict[str, Any]:
    values = config.to_json()
    unused = () if config.is_heated else ("heated_alpha", "heated_learning_rate")
    kept = {name: values[name] for name in _SETTINGS if name not in unused}
    return {**kept, "citation": config.traits.citation, "seed": config.seed}


def _made_with(record: RunRecord) -> dict[str, Any]:
    origin = record.provenance
    return {
        "commit": origin.commit,
        "uncommitted_changes": origin.dirty,
        "finished": origin.finished,
        "started_from_sha256": origin.weights_sha256,
        "processor": origin.hardware.cpu,
        "versions": {name: text for name, text in origin.versions.items() if text},
    }


def _data(record: RunRecord) -> dict[str, Any]:
    facts = record.data.to_json()
    parts = {part: facts.get(part) for part in ("train", "test", "gallery") if facts.get(part)}
    return {
        "name": record.data.name,
        "split": record.config.split,
        "images_sha256": record.data.checksum,
        **parts,
        "files_that_could_not_be_read": len(record.data.skipped),
        "test_images_that_train": record.data.test_images_that_train,
    }


def _scores(record: RunRecord, text: str, score_notes: Iterable[str]) -> dict[str, Any]:
    final, config = record.final, record.config
    return {
        "recall": _recall(final),
        "nmi": final.nmi(config.nmi),
        "accuracy": final.accuracy,
        "queries": final.num_queries,
        "gallery": final.num_gallery,
        "classes": final.num_classes,
        "measured": f"after epoch {final.epoch}, the last; one seed",
        "of": _whose(record),
        "notes": list(score_notes),
        "record": f"{RECORD} beside this card, {record.name}",
        "record_sha256": hashlib.sha256(text.encode()).hexdigest(),
    }


def _recall(row: EvaluationRow) -> Mapping[str, dict[str, float]]:
    recalls = {}
    for k, value in row.recall.items():
        low, high = share_interval(value, row.num_queries)
        recalls[str(k)] = {"value": value, "low": float(low), "high": float(high)}
    return recalls


def _whose(record: RunRecord) -> str:
    config = record.config
    if config.is_classification:
        return "new images of the training classes"
    if config.split == ALL and not config.validation_classes:
        return (
            "the training images themselves: they say that training worked, and nothing about "
            "classes that are new to the network"
        )
    return "classes that were not trained on"


def _licences(config: RunConfig, record: RunRecord | None) -> dict[str, str]:
    known = CATALOG.get(config.dataset, CATALOG["image_folder"])
    licences = {
        "code": f"MIT (hsm-embedding {version('hsm-embedding')})",
        "training_images": known.licence,
    }
    if config.weights:
        digest = record.provenance.weights_sha256 if record else None
        licences["initial_weights"] = f"those of {config.weights}" + (
            f", SHA-256 {digest}" if digest else ""
        )
    licences["trained_weights"] = "what the above leave; hsm adds no terms of its own"
    return licences
