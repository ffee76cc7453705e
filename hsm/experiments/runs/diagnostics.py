"""Small CSV files beside a record, so that figures need no retraining.

Beside `<name>.json` stand, of the final weights:

- `<name>.cosine_histograms.csv`: densities of the cosine of pairs of the same and of different
  classes, test and training images (Figure 4);
- `<name>.feature_norms.csv`: quantiles of the features' length before normalising (section 3.3).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from hsm.analysis import CosineHistograms, cosine_histograms
from hsm.data.sources.source import Split
from hsm.experiments.runs.evaluator import Evaluator
from hsm.output_folder import make_output_folder
from hsm.visual.files import write_csv

KINDS = ("cosine_histograms", "feature_norms")

_TRAIN_SAMPLE = 1024
_TEST_SAMPLE = 10_000


def write(evaluator: Evaluator, stem: Path) -> tuple[Path, ...]:
    """Write the files `<stem>.<kind>.csv` and return their paths.

    Args:
        evaluator: embeds what the files are to describe; its source is what is embedded: at most
            1,024 training and 10,000 test images, evenly spaced over the split.
        stem: path of the record without its suffix.
    """
    train = evaluator.embed(sample(evaluator.source.train, _TRAIN_SAMPLE))
    test = evaluator.embed(sample(evaluator.source.test, _TEST_SAMPLE))
    tables = {
        "cosine_histograms": _histograms(cosine_histograms(*train), cosine_histograms(*test)),
        "feature_norms": _feature_norms(train[0], test[0]),
    }
    make_output_folder(stem.parent)
    return tuple(write_csv(path(stem, kind), table) for kind, table in tables.items())


def path(stem: Path, kind: str) -> Path:
    """Return the file of one kind beside the record whose path without suffix is `stem`."""
    return stem.with_name(f"{stem.name}.{kind}.csv")


def exist(stem: Path, kinds: Sequence[str] = KINDS) -> bool:
    """Return whether the files of all `kinds` are there."""
    return all(path(stem, kind).exists() for kind in kinds)


def evenly_spaced(count: int, most: int) -> np.ndarray:
    """Return indices of at most `most` of `count` examples, evenly spaced: int64, ascending."""
    return np.unique(np.linspace(0, count - 1, min(count, most)).round().astype(np.int64))


def sample(split: Split, most: int) -> Split:
    """Return at most `most` images of a split, evenly spaced, labelled by the classes left."""
    return split.subset(evenly_spaced(len(split), most))


def _histograms(train: CosineHistograms, test: CosineHistograms) -> Iterable[Sequence[object]]:
    yield "low", "high", "train_same", "train_different", "test_same", "test_different"
    columns = (train.same, train.different, test.same, test.different)
    for low, high, *densities in zip(train.edges, train.edges[1:], *columns, strict=False):
        yield _short(low), _short(high), *map(_short, densities)


def _feature_norms(train: np.ndarray, test: np.ndarray) -> Iterable[Sequence[object]]:
    yield "quantile", "train", "test"
    quantiles = np.linspace(0, 1, 101)
    norms = (np.quantile(np.linalg.norm(part, axis=1), quantiles) for part in (train, test))
    for row in zip(quantiles, *norms, strict=True):
        yield tuple(map(_short, row))


def _short(value: float) -> str:
    return f"{value:.5g}"
