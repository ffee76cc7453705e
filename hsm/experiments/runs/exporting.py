"""From the folder of a run to the export that commands leave, with its model card."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from hsm.data.catalog import MAX_PIXELS
from hsm.experiments.runs.build import load_model
from hsm.experiments.runs.run_facts import run_facts
from hsm.export import export_saved_model


def export_run(
    run_dir: Path,
    directory: Path,
    *,
    overwrite: bool = False,
    max_pixels: int = MAX_PIXELS,
    notes: Iterable[str] = (),
) -> Path:
    """Write the trained network of a run as a SavedModel, with what is known of the run.

    Args:
        run_dir: `<output_dir>/runs/<name>`; the record beside it is looked for.
        directory: the folder to write.
        overwrite: whether to replace a SavedModel that is there already.
        max_pixels: a file with more is refused.
        notes: what else is to be said of the scores, a sentence each.

    Returns:
        The folder's path.

    Raises:
        ValueError: if the folder is not that of a finished run, or its record is damaged.
        FileExistsError, OSError, RuntimeError: as `hsm.export.export_saved_model`.
    """
    model, config = load_model(run_dir)
    facts = run_facts(config, run_dir, notes=notes)
    return export_saved_model(
        model, directory, overwrite=overwrite, max_pixels=max_pixels, run=facts
    )
