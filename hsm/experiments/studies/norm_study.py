"""The gradients of an unnormalised model's training images against the length of their features."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from hsm.analysis import (
    NormCurves,
    SampleKind,
    SoftmaxClassifier,
    gradient_norms_against_norm,
    l2_normalize,
    sample_kinds,
)
from hsm.atomic import replacing
from hsm.experiments.config import RunConfig
from hsm.experiments.runs.closed_form import closed_form
from hsm.experiments.runs.evaluator import Evaluator
from hsm.experiments.runs.workspace import Workspace
from hsm.experiments.studies.gradient_study import ENOUGH, TrainingSample
from hsm.models import EmbeddingModel
from hsm.output_folder import make_output_folder

_LENGTHS = 61
# The curves reach from this share of the shortest feature's length to this multiple of the longest.
_SHORTER, _LONGER = 1 / 40, 4.0
_OWN = ("epoch", "kinds", "norms", "measured", "expected")
_CURVE = "curve_"


@dataclass(frozen=True)
class NormStudy:
    """What Figure 3 shows of `n` training images.

    Attributes:
        epoch: after which the weights are studied; 0 is the start.
        kinds: their `SampleKind`s by direction alone, int [n]: which of them the limit of long
            features (appendix B.1) calls correct, and where between boundary and centre they are.
        norms: ||f||, [n].
        measured: ||dl/df|| at that length by automatic differentiation, [n].
        expected: the same by equation 16, [n].
        curves: equation 16 at other lengths.
    """

    epoch: int
    kinds: NDArray[np.int64]
    norms: NDArray[np.float64]
    measured: NDArray[np.float64]
    expected: NDArray[np.float64]
    curves: NormCurves

    @property
    def has_enough_of_each(self) -> bool:
        """True if there are `ENOUGH` images of each kind."""
        return bool((np.bincount(self.kinds, minlength=len(SampleKind)) >= ENOUGH).all())


def study(
    model: EmbeddingModel, evaluator: Evaluator, images: TrainingSample, *, epoch: int
) -> NormStudy:
    """Measure training images, those with a feature of zero left out.

    Args:
        model: of the method SM.
        evaluator: embeds with `model`.
        images: what is embedded.
        epoch: after which the weights are those of `model`.

    Raises:
        ValueError: if every feature is zero.
    """
    features, labels = images.features(evaluator)
    norms = np.linalg.norm(features.astype(np.float64), axis=1)
    kept = norms > 0
    if not kept.any():
        raise ValueError(
            "expected features that are not zero. Received: zeros for every training image. The "
            "training has failed: a lower learning rate usually helps."
        )
    features, labels, norms = features[kept], labels[kept], norms[kept]
    classifier = closed_form(model)
    by_direction = SoftmaxClassifier(classifier.weights)
    grid = np.geomspace(norms.min() * _SHORTER, norms.max() * _LONGER, _LENGTHS)
    expected = classifier.feature_gradients(features, labels)
    return NormStudy(
        epoch=epoch,
        kinds=sample_kinds(by_direction, l2_normalize(features), labels),
        norms=norms,
        measured=_measured(model, features, labels),
        expected=np.linalg.norm(expected, axis=1),
        curves=gradient_norms_against_norm(classifier, features, labels=labels, norms=grid),
    )


@dataclass(frozen=True)
class LastOfEachKind:
    """Keeps the latest study of a training run with enough images of each kind.

    A well trained model may have no incorrect image left to show.

    Attributes:
        workspace: the output folder.
        images: what is embedded of the training part.
    """

    workspace: Workspace
    images: TrainingSample

    def observe(
        self, config: RunConfig, epoch: int, *, model: EmbeddingModel, evaluator: Evaluator
    ) -> None:
        """Measure the weights after `epoch`, and keep the result if it has enough of each kind."""
        latest = study(model, evaluator, self.images, epoch=epoch)
        if latest.has_enough_of_each:
            file = self._file(config)
            make_output_folder(file.parent)
            with replacing(file) as partial, partial.open("wb") as opened:
                np.savez(opened, sample=len(self.images), **_arrays(latest))

    def kept(self, config: RunConfig) -> NormStudy | None:
        """Return the study that was kept of as many images, or None.

        There is none if the run was trained unobserved, or too few images were of some kind.
        """
        file = self._file(config)
        if not file.exists():
            return None
        with np.load(file) as arrays:
            if arrays["sample"] != len(self.images):
                return None
            curves = {field.name: arrays[_CURVE + field.name] for field in fields(NormCurves)}
            own = {key: arrays[key] for key in _OWN if key != "epoch"}
            return NormStudy(epoch=int(arrays["epoch"]), curves=NormCurves(**curves), **own)

    def _file(self, config: RunConfig) -> Path:
        return self.workspace.run_dir(config) / "gradients" / "norms.npz"


def rows(study: NormStudy) -> Iterator[Sequence[object]]:
    """Yield the numbers behind Figure 3: rows of the curves, then a row an image."""
    yield "part", "kind", "norm", "gradient_q25", "gradient_median", "gradient_q75"
    for kind in SampleKind:
        chosen = study.kinds == kind
        if chosen.any():
            quantiles = np.quantile(study.curves.features[:, chosen], [0.25, 0.5, 0.75], axis=1)
            for norm, *values in zip(study.curves.norms, *quantiles, strict=True):
                yield "curve", kind.name.lower(), *(f"{value:.5g}" for value in (norm, *values))
    for kind, norm, gradient in zip(study.kinds, study.norms, study.measured, strict=True):
        yield "image", SampleKind(kind).name.lower(), f"{norm:.5g}", "", f"{gradient:.5g}", ""


def render(study: NormStudy) -> str:
    """Return what the figure shows, in words."""
    lines = [
        f"Lengths and gradients of {len(study.norms)} training images, nothing normalised, by the "
        f"weights after epoch {study.epoch}:",
        "",
    ]
    lines.append("kind        images   ||f|| 10 % to 90 %   median ||dl/df||   at half ||f||")
    low_norm = study.norms / 2
    for kind in SampleKind:
        chosen = np.flatnonzero(study.kinds == kind)
        if chosen.size:
            low, high = np.quantile(study.norms[chosen], [0.1, 0.9])
            halved = [
                np.interp(low_norm[i], study.curves.norms, study.curves.features[:, i])
                for i in chosen
            ]
            lines.append(
                f"{kind.name.lower():<12}{chosen.size:>6}   {f'{low:.3g} to {high:.3g}':<16}   "
                f"{np.median(study.measured[chosen]):<16.3g}   {np.median(halved):.3g}"
            )
    lines += ["", "Longer features of correct images get shorter gradients (appendix B.1): what is"]
    lines.append("right and long is left where it is, so that classes do not become compact.")
    return "\n".join(lines)


def _arrays(study: NormStudy) -> dict[str, Any]:
    """Return what a file holds of a study."""
    own = {key: getattr(study, key) for key in _OWN}
    curves = {_CURVE + f.name: getattr(study.curves, f.name) for f in fields(NormCurves)}
    return own | curves


def _measured(
    model: EmbeddingModel, features: np.ndarray, labels: np.ndarray
) -> NDArray[np.float64]:
    """Return ||dl/df|| through the network's own classifier, in its float32, [n]."""
    inputs = tf.constant(features, tf.float32)
    with tf.GradientTape() as tape:
        tape.watch(inputs)
        logits = model.logits(inputs)
        losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits)
    return np.linalg.norm(np.asarray(tape.gradient(losses, inputs), np.float64), axis=1)
