"""What a run's files are of, beside its name: images and first weights, which no name holds."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from hsm.data.sources.source import ImageSource
from hsm.experiments.config import RunConfig
from hsm.experiments.config.run_record import RunRecord


def origin(source: ImageSource, weights: str | None) -> dict[str, str | None]:
    """Return what tells apart checkpoints of one name; earlier versions turned no image."""
    turned = {"turned": str(source.turned())} if source.turned() else {}
    return {"images": source.checksum(), "weights": weights, **turned}


def file_name(config: RunConfig, source: ImageSource, weights: str | None) -> str:
    """Return a file's name that no other settings, images or first weights have."""
    content = json.dumps([config.to_json(), origin(source, weights)], sort_keys=True)
    return f"{config.name}-{hashlib.sha256(content.encode()).hexdigest()[:16]}"


def check(record: RunRecord, source: ImageSource, weights: str | None, folder: Path) -> None:
    """Refuse a record that is of something else than what is given now.

    Args:
        record: in `folder`, of the name of the run that is asked for.
        source: what is given now.
        weights: hexadecimal SHA-256 of what the backbone starts from now; None if it is random.
        folder: for the error.

    Raises:
        ValueError: if it started from other weights or is of other images, or of images that were
            not turned as their EXIF tags say.
    """
    recorded = record.provenance.weights_sha256
    # The first records name a file of weights without its content.
    is_known = recorded is not None or record.config.weights is None
    if is_known and recorded != weights:
        raise ValueError(
            f"expected the weights that the record {record.name} in {folder} started from. "
            "Received: others of the same name. Use another `output_dir`, or delete that record "
            "and its state."
        )
    if record.data.checksum != source.checksum():
        raise ValueError(
            f"expected the images that the record {record.name} in {folder} is of. Received: those "
            f"of {source.name} now. Use another `output_dir`, or delete that record and its state."
        )
    if record.data.turned is None and source.turned():
        raise ValueError(
            "expected a record that was made of images as their EXIF tags turn them. "
            f"Received: {record.name} in {folder} of an earlier version, to which "
            f"{source.turned():,} images of {source.name} were shown as they are stored. Use "
            "another `output_dir`, or delete that record and its state."
        )
