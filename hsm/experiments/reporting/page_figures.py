"""The pictures of a report page: learning curves, cosine histograms, a gallery."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from hsm.experiments.config.run_record import RunRecord
from hsm.experiments.reporting import page_neighbours, similarities
from hsm.experiments.reporting.curves import curve_text, learning_curves
from hsm.experiments.reporting.recorded_runs import RecordedRun, sorted_runs
from hsm.experiments.runs import diagnostics
from hsm.experiments.runs.finished_runs import FinishedRuns
from hsm.visual import page
from hsm.visual.inline_svg import inline
from hsm.visual.learning_curves import LearningCurves, draw_panel
from hsm.visual.similarity_histograms import draw_similarities
from hsm.visual.style import look

CURVES = "Learning curves"
HISTOGRAMS = "Similarities within and between classes"


def sections(
    finished: Sequence[FinishedRuns], *, plots: bool, curves: bool
) -> dict[str, list[str]]:
    """Return the title of a section → its blocks.

    Args:
        finished: the runs of every data set.
        plots: whether there is matplotlib, which only the gallery does without.
        curves: whether the table has learning curves.
    """
    groups = [(each.records, each.runner.workspace.records_dir) for each in finished]
    drawn = groups if plots else []
    return {
        CURVES: [block for runs, _ in drawn if curves for block in curve_blocks(runs)],
        HISTOGRAMS: [block for runs, folder in drawn for block in histogram_blocks(runs, folder)],
        "What is found": [block for each in finished for block in page_neighbours.blocks(each)],
    }


def curve_blocks(runs: Sequence[RunRecord]) -> Iterator[str]:
    """Yield scores against the epoch, of one data set: the whole range, and enlarged beside it."""
    if not any(run.epochs for run in runs):
        return
    shown = learning_curves(runs)
    name, *lines = shown.title
    for index, label in enumerate(shown.panels):
        with look():
            svgs = [
                inline(
                    draw_panel(shown, label, whole=whole),
                    alt=f"{curve_text(runs)} {'From 0 to 100 %.' if whole else 'Enlarged.'}",
                    name=f"curves-{_identifier(name)}-{index}-{whole:d}",
                )
                for whole in (True, False)
            ]
        yield page.drawings(svgs, caption=_caption(name, label, shown, lines))


def _caption(name: str, label: str, shown: LearningCurves, lines: Sequence[str]) -> str:
    seeds = max(len(curve.scores[label]) for curve in shown.curves)
    parts = [f"{name}: {label} of the test images against the epoch, whole and enlarged"]
    parts += [line for line in lines if "deviation" not in line]
    has_bands = seeds > 1 or any(label in curve.queries for curve in shown.curves)
    if seeds > 1:
        parts.append(f"mean of {seeds} seeds, bands: 95 % over seeds (Student's t)")
    elif has_bands:
        parts.append("bands: 95 % over queries")
    note = " Two bands may overlap where the paired difference above is told from chance."
    return f"{'; '.join(parts)}.{note if has_bands else ''}"


def histogram_blocks(runs: Sequence[RunRecord], folder: Path) -> Iterator[str]:
    """Yield the histograms of one data set's rows that lie beside the records in `folder`."""
    recorded = [
        RecordedRun(run, folder)
        for run in runs
        if diagnostics.exist(folder / run.name, ("cosine_histograms",))
    ]
    if not recorded or len({run.record.config.embedding_dim for run in recorded}) > 1:
        return
    rows = similarities.rows(sorted_runs(recorded))
    overlaps = ", ".join(f"{row.title} {row.test.overlap:.2f}" for row in rows)
    name = runs[0].data.name
    alt = (
        "Histograms of the cosine similarity of pairs of one class and of two classes, training "
        f"and test images. What the two share on test images: {overlaps}."
    )
    with look():
        svg = inline(draw_similarities(rows), alt=alt, name=f"cosines-{_identifier(name)}")
    caption = (
        f"{name}: how similar two images' features are (cosine). The less the two kinds of pairs "
        "overlap, the better a search tells classes apart. Figure 4 of the paper."
    )
    yield page.drawings([svg], caption=caption)


def _identifier(name: str) -> str:
    """Return the name of a data set, which may be any folder's, as a part of an element's name."""
    return "".join(
        character if character.isascii() and character.isalnum() else "-" for character in name
    )
