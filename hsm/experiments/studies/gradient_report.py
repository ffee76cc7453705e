"""Studies of a run's gradients in plain words, and as rows of CSV files."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from hsm.analysis import AlphaRange, SampleKind, WeightRole
from hsm.experiments.config import RunConfig
from hsm.experiments.runs.diagnostics import evenly_spaced
from hsm.experiments.studies.gradient_study import ENOUGH, GradientStudy

_LINES = 8  # Of the printed table, about.
_HEATED_SHARE = 4.0  # 16 / 4, section 5.1.

_KINDS = """\
incorrect: another class has the larger logit (or an equal one).
boundary:  right, but nearer to the decision boundary than to the centre of its class.
centroid:  right, and at least half-way from the boundary to the centre, the class's weight."""


def shown_study(studies: Sequence[GradientStudy], epoch: int | None) -> GradientStudy:
    """Return the study that Figure 1 shows: of `epoch`, else the last with enough of each kind.

    Args:
        studies: of one run, ascending.
        epoch: which to show; None chooses, and takes the last where none has enough.

    Raises:
        ValueError: if `epoch` was not studied.
    """
    by_epoch = {study.epoch: study for study in studies}
    if epoch is None:
        return next((s for s in reversed(studies) if s.has_enough_of_each), studies[-1])
    if epoch not in by_epoch:
        raise ValueError(
            f"expected `epoch` to be one whose weights are known: {_listed(by_epoch)}. Received: "
            f"epoch={epoch}. All are known of runs that figure1 itself trains, from the start."
        )
    return by_epoch[epoch]


def decisive_study(studies: Sequence[GradientStudy], config: RunConfig) -> GradientStudy | None:
    """Return the study that advice rests on: the first phase's end, else the last with a range."""
    with_range = [study for study in studies if study.range is not None]
    before = [study for study in with_range if study.epoch == config.switch_epoch]
    return next(iter(before or reversed(with_range)), None)


def render(studies: Sequence[GradientStudy], config: RunConfig) -> str:
    """Return the report: how images lie at each phase, which alpha is intermediate, what to try.

    Args:
        studies: of one run, ascending by epoch; at least one.
        config: of the run.
    """
    counted = f"{studies[-1].images} training images of {config.dataset}, {config.method}"
    lines = [f"How {counted} lie, by the weights after each epoch:", ""]
    lines += _table(studies, config)
    lines += ["", *_KINDS.splitlines(), ""]
    decisive = decisive_study(studies, config)
    if decisive is None or decisive.range is None:
        lines.append(_without_range())
    else:
        lines += _advice(decisive, decisive.range, studies=studies, config=config)
    return "\n".join(lines)


def title(study: GradientStudy, config: RunConfig) -> str:
    """Return what Figure 1 shows, in a line."""
    range_ = study.range
    shaded = f"; intermediate α shaded, best {range_.best:.2g}" if range_ else ""
    return (
        f"{config.dataset}, {config.method}, epoch {study.epoch} of {config.total_epochs}, "
        f"α {study.alpha:g}: {study.images} training images{shaded}"
    )


def curve_rows(study: GradientStudy) -> Iterator[Sequence[object]]:
    """Yield the numbers behind Figure 1: a row an alpha, empty where there are no such images."""
    yield (
        "alpha",
        *(f"feature_{_name(k)}_{part}" for k in SampleKind for part in ("q25", "median", "q75")),
        *(f"weight_{_name(kind)}_{_name(role)}" for kind in SampleKind for role in WeightRole),
    )
    curves = study.curves
    for alpha, features, weights in zip(
        curves.alphas, curves.features, curves.weights, strict=True
    ):
        numbers = (alpha, *features.ravel(), *weights.ravel())
        yield tuple("" if np.isnan(number) else f"{number:.5g}" for number in numbers)


def share_rows(studies: Iterable[GradientStudy]) -> Iterator[Sequence[object]]:
    """Yield the numbers behind Figure 1(d): a row an epoch."""
    yield (
        *("epoch", "alpha", "images", *map(_name, SampleKind)),
        *("intermediate_low", "intermediate_best", "intermediate_high", "centroid_peak"),
    )
    for study in studies:
        range_ = study.range
        numbers = (
            (range_.low, range_.best, range_.high, range_.centroid_peak) if range_ else (None,) * 4
        )
        shown = ("" if number is None else f"{number:.4g}" for number in numbers)
        counts = map(int, study.curves.counts)
        yield study.epoch, f"{study.alpha:.5g}", study.images, *counts, *shown


def _table(studies: Sequence[GradientStudy], config: RunConfig) -> Iterator[str]:
    yield "epoch        alpha  incorrect  boundary  centroid   intermediate alpha (best)"
    for study in _selected(studies, config):
        shares = (f"{100 * study.share(kind):.1f} %" for kind in SampleKind)
        incorrect, boundary, centroid = shares
        phase = f"{study.epoch}{_phase(study.epoch, config)}"
        range_ = study.range
        where = f"{_interval(range_)} ({range_.best:.2g})" if range_ else "no boundary images"
        yield (
            f"{phase:<11}{study.alpha:>7.4g}{incorrect:>11}{boundary:>10}{centroid:>10}   {where}"
        )


def _selected(studies: Sequence[GradientStudy], config: RunConfig) -> list[GradientStudy]:
    """Return about `_LINES` of the studies, among them start, first epoch, switch and end."""
    named = {0, 1, config.switch_epoch, config.total_epochs}
    kept = set(evenly_spaced(len(studies), _LINES))
    return [s for index, s in enumerate(studies) if index in kept or s.epoch in named]


def _phase(epoch: int, config: RunConfig) -> str:
    if epoch == 0:
        return " start"
    if epoch == config.total_epochs:
        return " end"
    return " switch" if config.is_heated and epoch == config.switch_epoch else ""


def _advice(
    study: GradientStudy,
    range_: AlphaRange,
    *,
    studies: Sequence[GradientStudy],
    config: RunConfig,
) -> Iterator[str]:
    yield (
        f"Intermediate alpha for this model and data is {_interval(range_)}, best "
        f"{range_.best:.2g} (after epoch {study.epoch}{_phase(study.epoch, config)})."
    )
    yield (f"  Below {range_.low:.2g}, all images are pulled alike, also those near their centre.")
    yield (f"  Above {range_.high:.2g}, few but the incorrect ones are pulled: classes stay loose.")
    yield f"  {_used(study, range_, studies)}"
    yield from [
        "",
        f"To try: `alpha={range_.best:.2g}` `heated_alpha={_heated(study, range_):.2g}`",
    ]
    yield "  alpha: where boundary images gain most over centroid ones, to start with."
    yield f"  heated_alpha: {_reason(study, range_)}"
    yield "  This follows from gradients alone, not from scores: compare the Recall@K of both."


def _used(study: GradientStudy, range_: AlphaRange, studies: Sequence[GradientStudy]) -> str:
    place = range_.place(study.alpha)
    text = f"The alpha in use there, {study.alpha:g}, is {place}"
    if place == "intermediate":
        return text + "."
    same = [s for s in studies if s.range and s.alpha == study.alpha and s.epoch < study.epoch]
    fitting = [s.epoch for s in same if s.range and s.range.place(s.alpha) == "intermediate"]
    if not fitting:
        return text + "."
    until = f"up to epoch {fitting[-1]}" if fitting[-1] else "only at the start"
    return f"{text}; it was intermediate {until}."


def _has_centroids(study: GradientStudy, range_: AlphaRange) -> bool:
    enough = study.curves.counts[SampleKind.CENTROID] >= ENOUGH
    return bool(enough) and range_.centroid_peak is not None and range_.centroid_peak < range_.best


def _heated(study: GradientStudy, range_: AlphaRange) -> float:
    peak = range_.centroid_peak
    return peak if peak and _has_centroids(study, range_) else range_.best / _HEATED_SHARE


def _reason(study: GradientStudy, range_: AlphaRange) -> str:
    if _has_centroids(study, range_):
        return "where centroid images are pulled most, to make classes compact at last."
    return "a quarter of it, the paper's ratio: there are too few centroid images to measure it."


def _without_range() -> str:
    return textwrap.fill(
        "No boundary image was found at any measured epoch, so that no alpha can be called "
        "intermediate: all are either misclassified or well inside their class. Measure more "
        "images (`sample`), or weights from earlier in the training.",
        96,
    )


def _interval(range_: AlphaRange) -> str:
    return f"{range_.low:.2g} to {range_.high:.2g}"


def _name(member: SampleKind | WeightRole) -> str:
    return member.name.lower()


def _listed(epochs: Iterable[int]) -> str:
    ascending = sorted(epochs)
    if len(ascending) > 2 and ascending == list(range(ascending[0], ascending[-1] + 1)):
        return f"{ascending[0]} to {ascending[-1]}"
    return ", ".join(map(str, ascending))
