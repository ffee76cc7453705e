"""The gradients of an unnormalised model's training images against the length of their features."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from hsm.analysis import (
    NormCurves,
    SampleKind,
    SoftmaxClassifier,
    gradient_norms_against_norm,
    sample_kinds,
    unit_directions,
)
from hsm.experiments.classifier_form import closed_form
from hsm.experiments.evaluator import Evaluator
from hsm.experiments.gradient_study import TrainingSample
from hsm.models import EmbeddingModel

_LENGTHS = 61
_BEYOND = 8.0  # The curves reach this factor beyond the shortest and the longest feature.


@dataclass(frozen=True)
class NormStudy:
    """What Figure 3 shows of `n` training images.

    Attributes:
        kinds: their `SampleKind`s by direction alone, int [n]: which of them the limit of long
            features (appendix B.1) calls correct, and where between boundary and centre they are.
        norms: ||f||, [n].
        measured: ||dl/df|| at that length by automatic differentiation, [n].
        expected: the same by equation 16, [n].
        curves: equation 16 at other lengths.
    """

    kinds: NDArray[np.int64]
    norms: NDArray[np.float64]
    measured: NDArray[np.float64]
    expected: NDArray[np.float64]
    curves: NormCurves


def study(model: EmbeddingModel, evaluator: Evaluator, most: int) -> NormStudy:
    """Studies at most `most` training images, those with a feature of zero left out.

    Args:
        model: of the method SM.
        evaluator: embeds with `model`.
        most: how many images at most.

    Raises:
        ValueError: if every feature is zero.
    """
    features, labels = TrainingSample(evaluator.source.train, most).features(evaluator)
    norms = np.linalg.norm(features.astype(np.float64), axis=1)
    kept = norms > 0
    if not kept.any():
        raise ValueError("every training image has a feature of zero: the training has failed")
    features, labels, norms = features[kept], labels[kept], norms[kept]
    classifier = closed_form(model)
    by_direction = SoftmaxClassifier(classifier.weights)
    grid = np.geomspace(norms.min() / _BEYOND, norms.max() * _BEYOND, _LENGTHS)
    expected = classifier.feature_gradients(features, labels)
    return NormStudy(
        kinds=sample_kinds(by_direction, unit_directions(features), labels),
        norms=norms,
        measured=_measured(model, features, labels),
        expected=np.linalg.norm(expected, axis=1),
        curves=gradient_norms_against_norm(classifier, features, labels=labels, norms=grid),
    )


def rows(found: NormStudy) -> Iterator[Sequence[object]]:
    """The numbers behind Figure 3: rows of the curves, then a row an image."""
    yield "part", "kind", "norm", "gradient_q25", "gradient_median", "gradient_q75"
    for kind in SampleKind:
        chosen = found.kinds == kind
        if chosen.any():
            quantiles = np.quantile(found.curves.features[:, chosen], [0.25, 0.5, 0.75], axis=1)
            for norm, *values in zip(found.curves.norms, *quantiles, strict=True):
                yield "curve", kind.name.lower(), *(f"{value:.5g}" for value in (norm, *values))
    for kind, norm, gradient in zip(found.kinds, found.norms, found.measured, strict=True):
        yield "image", SampleKind(kind).name.lower(), f"{norm:.5g}", "", f"{gradient:.5g}", ""


def render(found: NormStudy) -> str:
    """What the figure shows, in words."""
    lines = [
        f"Lengths and gradients of {len(found.norms)} training images, nothing normalised:",
        "",
    ]
    lines.append("kind        images   ||f|| 10 % to 90 %   median ||dl/df||   at half ||f||")
    low_norm = found.norms / 2
    for kind in SampleKind:
        chosen = np.flatnonzero(found.kinds == kind)
        if chosen.size:
            low, high = np.quantile(found.norms[chosen], [0.1, 0.9])
            halved = [
                np.interp(low_norm[i], found.curves.norms, found.curves.features[:, i])
                for i in chosen
            ]
            lines.append(
                f"{kind.name.lower():<12}{chosen.size:>6}   {f'{low:.3g} to {high:.3g}':<16}   "
                f"{np.median(found.measured[chosen]):<16.3g}   {np.median(halved):.3g}"
            )
    lines += ["", "Longer features of correct images get shorter gradients (appendix B.1): what is"]
    lines.append("right and long is left where it is, so that classes do not become compact.")
    return "\n".join(lines)


def _measured(
    model: EmbeddingModel, features: np.ndarray, labels: np.ndarray
) -> NDArray[np.float64]:
    """||dl/df|| through the network's own classifier, in its float32, [n]."""
    inputs = tf.constant(features, tf.float32)
    with tf.GradientTape() as tape:
        tape.watch(inputs)
        logits = model.logits(inputs)
        losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits)
    return np.linalg.norm(np.asarray(tape.gradient(losses, inputs), np.float64), axis=1)
