"""From the folder of a run to the export that commands leave, with its model card."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hsm.data import pipeline
from hsm.data.catalog import MAX_PIXELS
from hsm.data.sources.source import Split
from hsm.experiments.runs.build import load_model
from hsm.experiments.runs.run_facts import run_facts
from hsm.export import export_format, export_saved_model


def export_run(
    run_dir: Path,
    directory: Path,
    *,
    overwrite: bool = False,
    max_pixels: int = MAX_PIXELS,
    score_notes: Iterable[str] = (),
) -> Path:
    """Write the trained network of a run as a SavedModel, with what is known of the run.

    Args:
        run_dir: `<output_dir>/runs/<name>`; the record beside it is looked for.
        directory: the folder to write.
        overwrite: whether to replace a SavedModel that is there already.
        max_pixels: a file with more is refused.
        score_notes: what else is to be said of the scores, a sentence each.

    Returns:
        The folder's path.

    Raises:
        ValueError: if the folder is not that of a finished run, or its record is damaged.
        FileExistsError, OSError, RuntimeError: as `hsm.export.export_saved_model`.
    """
    model, config = load_model(run_dir)
    facts = run_facts(config, run_dir, score_notes=score_notes)
    return export_saved_model(
        model, directory, overwrite=overwrite, max_pixels=max_pixels, run=facts
    )


def export_run_as(
    format: str,
    run_dir: Path,
    directory: Path,
    *,
    calibration: NDArray[np.uint8] | None = None,
    overwrite: bool = False,
) -> Path:
    """Write the trained network of a run in another format, with what is known of the run.

    Args:
        format: one of `hsm.export.FORMATS`.
        run_dir: as for `export_run`.
        directory: the folder to write.
        calibration: as for `hsm.export.export_format`.
        overwrite: whether to replace an export that is there already.

    Returns:
        The folder's path.

    Raises:
        ValueError: if the folder is not that of a finished run, or its record is damaged.
        ImportError, FileExistsError, OSError, RuntimeError: as `hsm.export.export_format`.
    """
    model, config = load_model(run_dir)
    return export_format(
        model,
        directory,
        format,
        calibration=calibration,
        overwrite=overwrite,
        run=run_facts(config, run_dir),
    )


def calibration_images(split: Split, *, crop: int, count: int) -> NDArray[np.uint8]:
    """Return about `count` images of a split, evenly spaced over it and so over its classes.

    Args:
        split: the training images; never those that are tested.
        crop: side of the crops.
        count: how many at most.

    Returns:
        uint8 [n, crop, crop, 3], as the evaluation crops them.
    """
    places = np.unique(np.linspace(0, len(split) - 1, min(count, len(split))).astype(np.int64))
    batches = pipeline.evaluation_batches(split.subset(places), crop=crop, batch_size=32)
    return np.concatenate([np.asarray(images) for images, _ in batches])
