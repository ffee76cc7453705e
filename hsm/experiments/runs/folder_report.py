"""What a folder of photographs holds, in words, before anything is trained on it."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

import numpy as np

from hsm.data.picture_sizes import picture_sizes
from hsm.data.sources.bad_files import shortened
from hsm.data.sources.source import ImageSource, Split
from hsm.experiments.runs import dry_run
from hsm.experiments.runs.diagnostics import evenly_spaced
from hsm.progress import width

# Enough for a median; their files were read a moment ago.
_MEASURED = 300


def describe(source: ImageSource) -> str:
    """Return counts, sizes, what is left out, and which classes train: several lines.

    Args:
        source: divided as `hsm.data.catalog.ALL`.
    """
    parts = [source.train] if source.tests_training else [source.train, source.test]
    lines = [_counts(source.name, parts), _sides(parts)]
    return "\n".join([*map(_filled, lines), *dry_run.remarks(source), *map(_filled, _who(source))])


def _counts(name: str, parts: Sequence[Split]) -> str:
    sizes = sorted(
        (int(count), part.class_names[label])
        for part in parts
        for label, count in enumerate(np.bincount(part.labels))
    )
    (fewest, smallest), (most, largest) = sizes[0], sizes[-1]
    return (
        f"{name}: {sum(map(len, parts)):,} images of {len(sizes):,} classes; the smallest class "
        f"has {fewest:,} ({smallest}), the median {np.median([n for n, _ in sizes]):g}, the "
        f"largest {most:,} ({largest})"
    )


def _sides(parts: Sequence[Split]) -> str:
    most = max(1, _MEASURED // len(parts))
    sizes = np.concatenate([picture_sizes(p.images, evenly_spaced(len(p), most)) for p in parts])
    sides = sizes.min(axis=1)
    return (
        f"shorter sides: {sides.min():,} to {sides.max():,} pixels, median {np.median(sides):,g} "
        f"(of {len(sides):,} images)"
    )


def _who(source: ImageSource) -> list[str]:
    """Return which classes train, and what is scored."""
    train, test = source.train, source.test
    trained = f"{train.num_classes:,} classes train, {len(train):,} images: {_names(train)}"
    if source.tests_training:
        return [
            trained,
            "no class is held out: scores and neighbours will be of the training images, and say "
            "nothing about new classes; `validation_classes=N` holds some out",
        ]
    return [
        trained,
        f"{test.num_classes:,} classes are held out, never trained on, and scored, {len(test):,} "
        f"images: {_names(test)}",
    ]


def _names(split: Split) -> str:
    return shortened([dry_run.printable(name) for name in split.class_names])


def _filled(line: str) -> str:
    return textwrap.fill(line, width(), subsequent_indent="  ", break_on_hyphens=False)
