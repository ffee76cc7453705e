"""Small CSV files beside a record, so that figures need no retraining.

Beside `<name>.json` stand, of the final weights:

- `<name>.cosine_histograms.csv`: densities of the cosine of pairs of the same and of different
  classes, test and training images (Figure 4);
- `<name>.feature_norms.csv`: quantiles of the features' length before normalising (section 3.3);
- `<name>.weight_norms.csv`: length of every class's weight before normalising;
- `<name>.gradient_norms.csv`: length of the loss's gradient with respect to what the classifier
  multiplies (eq. 3), for a fixed sample of training images and a range of alphas (Figure 1).

The pretrained feature has no classifier, so that it has the first two only.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from hsm.analysis import CosineHistograms, cosine_histograms, gradient_norms_against_alpha
from hsm.data.sources.source import Split, taken
from hsm.experiments.classifier_form import classifier_inputs, closed_form
from hsm.experiments.evaluator import Evaluator
from hsm.models import EmbeddingModel
from hsm.output_folder import make_output_folder
from hsm.visual.files import write_csv

ALPHAS = np.logspace(np.log2(0.125), np.log2(128), 41, base=2)
FEATURE_KINDS = ("cosine_histograms", "feature_norms")
KINDS = (*FEATURE_KINDS, "weight_norms", "gradient_norms")

_TRAIN_SAMPLE = 1024
_TEST_SAMPLE = 10_000
_GRADIENT_SAMPLE = 64
_BINS = 100


def write(evaluator: Evaluator, stem: Path, *, model: EmbeddingModel | None) -> tuple[Path, ...]:
    """Write the files `<stem>.<kind>.csv` and return their paths.

    Args:
        evaluator: embeds what the files are to describe; its source is what is embedded: at most
            1,024 training and 10,000 test images, evenly spaced over the split.
        stem: path of the record without its suffix.
        model: the network that `evaluator` embeds with; None for a feature without a classifier.
    """
    train = evaluator.embed(sample(evaluator.source.train, _TRAIN_SAMPLE))
    test = evaluator.embed(sample(evaluator.source.test, _TEST_SAMPLE))
    tables = {
        "cosine_histograms": _histograms(cosine_histograms(*train), cosine_histograms(*test)),
        "feature_norms": _feature_norms(train[0], test[0]),
    }
    if model is not None:
        split = evaluator.source.train
        chosen = spaced(len(train[0]), _GRADIENT_SAMPLE)
        # The sample's own labels leave out classes that it has none of; the classifier's do not.
        labels = split.labels[spaced(len(split), _TRAIN_SAMPLE)]
        tables["weight_norms"] = _weight_norms(model, split.class_names)
        tables["gradient_norms"] = _gradient_norms(model, train[0][chosen], labels[chosen])
    make_output_folder(stem.parent)
    return tuple(write_csv(path(stem, kind), table) for kind, table in tables.items())


def path(stem: Path, kind: str) -> Path:
    """The file of one kind beside the record whose path without suffix is `stem`."""
    return stem.with_name(f"{stem.name}.{kind}.csv")


def exist(stem: Path, kinds: Sequence[str] = KINDS) -> bool:
    """True if the files of all `kinds` are there."""
    return all(path(stem, kind).exists() for kind in kinds)


def spaced(count: int, most: int) -> np.ndarray:
    """Indices of at most `most` of `count` examples, evenly spaced: int64, ascending."""
    return np.unique(np.linspace(0, count - 1, min(count, most)).round().astype(np.int64))


def sample(split: Split, most: int) -> Split:
    """At most `most` images of a split, evenly spaced; the labels are those of the classes left."""
    chosen = spaced(len(split), most)
    kept, labels = np.unique(split.labels[chosen], return_inverse=True)
    return Split(
        taken(split.images, chosen),
        labels.astype(np.int32),
        tuple(split.class_names[label] for label in kept),
    )


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


def _weight_norms(model: EmbeddingModel, names: Sequence[str]) -> Iterable[Sequence[object]]:
    yield "class", "norm"
    for name, norm in zip(names, np.linalg.norm(_kernel(model), axis=0), strict=True):
        yield name, _short(norm)


def _gradient_norms(
    model: EmbeddingModel, features: np.ndarray, labels: np.ndarray
) -> Iterable[Sequence[object]]:
    """One row a sample: its label, its margin z_y − max z_m at alpha 1, and a norm an alpha."""
    inputs, classifier = classifier_inputs(model, features), closed_form(model)
    weights, bias = classifier.weights, classifier.bias
    norms = gradient_norms_against_alpha(inputs, weights, bias=bias, labels=labels, alphas=ALPHAS)
    logits = inputs @ weights + bias
    own = logits[np.arange(len(labels)), labels]
    logits[np.arange(len(labels)), labels] = -np.inf
    yield "label", "margin", *(_short(alpha) for alpha in ALPHAS)
    for label, margin, row in zip(labels, own - logits.max(axis=1), norms.features.T, strict=True):
        yield int(label), _short(margin), *map(_short, row)


def _kernel(model: EmbeddingModel) -> np.ndarray:
    return np.asarray(model.classifier.kernel, np.float64)


def _short(value: float) -> str:
    return f"{value:.5g}"
