"""The pictures of a report page: learning curves, cosine histograms, a gallery."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from hsm.data.catalog import ZERO_SHOT
from hsm.data.sources.source import Split
from hsm.experiments.reporting import similarities
from hsm.experiments.reporting.curves import curve_text
from hsm.experiments.reporting.recorded_runs import Recorded, sorted_runs
from hsm.experiments.runs import diagnostics
from hsm.experiments.runs.build import load_model
from hsm.experiments.runs.finished import Finished
from hsm.experiments.studies.retrieval import retrieve
from hsm.experiments.studies.retrieval_figures import chosen_queries, gallery
from hsm.visual import page
from hsm.visual.files import write_picture
from hsm.visual.similarity_histograms import draw_similarities
from hsm.visual.style import look

# A picture of what is found, not a score: so many test images are enough, and soon embedded.
_IMAGES = 1000
_QUERIES, _NEIGHBOURS = 8, 6
_GALLERY = f"gallery_of_{_QUERIES}.png"


def sections(finished: Sequence[Finished], *, curves: str | None) -> dict[str, list[str]]:
    """Title of a section → its blocks.

    Args:
        finished: the runs of every data set.
        curves: how the names of learning curves start; None if none were drawn.
    """
    return {
        "Learning curves": [
            block for found in finished if curves for block in _curves(found, curves)
        ],
        "Similarities within and between classes": [
            block for found in finished for block in _histograms(found)
        ],
        "What is found": [block for found in finished for block in _gallery(found)],
    }


def _curves(found: Finished, stem: str) -> Iterator[str]:
    name = found.runner.source.name
    path = found.runner.workspace.output_dir / f"{stem}_{name}.png"
    if any(record.epochs for record in found.records):
        caption = f"{name}: scores on the test images against the epoch"
        yield page.picture(path, alt=curve_text(found.records), caption=caption)


def _histograms(found: Finished) -> Iterator[str]:
    """Histograms of every row, where they lie beside the records."""
    folder = found.runner.workspace.records_dir
    runs = [
        Recorded(record, folder)
        for record in found.records
        if diagnostics.exist(folder / record.name, ("cosine_histograms",))
    ]
    if not runs or len({run.record.config.embedding_dim for run in runs}) > 1:
        return
    rows = similarities.rows(sorted_runs(runs))
    overlaps = ", ".join(f"{row.title} {row.test.overlap:.2f}" for row in rows)
    alt = (
        "Histograms of the cosine similarity of pairs of one class and of two classes, training "
        f"and test images. What the two share on test images: {overlaps}."
    )

    with TemporaryDirectory() as scratch, look():
        picture = Path(scratch, "histograms.png")
        write_picture(draw_similarities(rows), picture)
        yield page.picture(picture, alt=alt, caption=f"{found.runner.source.name}: Figure 4")


def _gallery(found: Finished) -> Iterator[str]:
    """Queries and what the last trained run finds for them, where its weights are at hand."""
    runner = found.runner
    trained = [record for record in found.records if record.epochs]
    run_dirs = [runner.workspace.output_dir / "runs" / record.name for record in trained]
    if not run_dirs or not (run_dirs[-1] / "checkpoint.npz").exists():
        return
    if trained[-1].config.split != ZERO_SHOT:
        return
    path = run_dirs[-1] / _GALLERY
    if not path.exists():
        _draw_gallery(found, run_dirs[-1], path)
    alt = (
        f"{_QUERIES} test images, each with the {_NEIGHBOURS} nearest others beside it; right ones "
        "have a tick, wrong ones a cross."
    )
    where = f"among {len(_some_classes(runner.source.test)):,} test images"
    yield page.picture(path, alt=alt, caption=f"{trained[-1].name}: nearest neighbours {where}")


def _draw_gallery(found: Finished, run_dir: Path, path: Path) -> None:
    model, config = load_model(run_dir)
    source = found.runner.source
    few = replace(source, test=_some_classes(source.test))
    shown = retrieve(model, config, few)

    rows = chosen_queries(shown.evaluation.ranks, _QUERIES, worst_first=False)
    with look():
        figure = gallery(shown, rows, shown.neighbours(rows, _NEIGHBOURS), "evenly spaced")
        write_picture(figure, path)


def _some_classes(split: Split) -> Split:
    """Whole classes, evenly spaced, of some `_IMAGES` images in all."""
    count = max(2, split.num_classes * _IMAGES // len(split))
    classes = diagnostics.spaced(split.num_classes, count)
    return split.subset(np.flatnonzero(np.isin(split.labels, classes)))
