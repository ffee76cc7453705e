"""What a trained run makes of one part of a data set: embeddings, and how they score."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hsm.data.catalog import CLASSIFICATION
from hsm.data.sources.source import ImageSource, Split
from hsm.evaluation import Evaluation, damped_unit_length, evaluate
from hsm.experiments.config import RunConfig
from hsm.experiments.runs.evaluator import Evaluator
from hsm.metrics.neighbours import Neighbours, nearest_neighbours
from hsm.models import EmbeddingModel
from hsm.progress import Progress

PARTS = ("test", "train")


@dataclass(frozen=True, eq=False)
class Retrieval:
    """Embedded queries, where they are looked up, and the scores.

    Attributes:
        name: of the data set, with "_train" behind it if its training classes were scored.
        queries: images that are looked up.
        features: float32 [n, k] of `queries`, at unit length (section 5.2).
        gallery: where they are looked up; None: among each other.
        gallery_features: float32 [m, k] of `gallery`; None without one.
        evaluation: Recall@K, NMI and every query's rank.
        accuracy: share that the classifier calls rightly, 0..1; None where it does not know the
            classes.
        single: names of the classes left out because no other image of them can be found.
    """

    name: str
    queries: Split
    features: NDArray[np.float32]
    gallery: Split | None
    gallery_features: NDArray[np.float32] | None
    evaluation: Evaluation
    accuracy: float | None
    single: tuple[str, ...]

    @property
    def searched(self) -> Split:
        """The images that neighbours are looked for in."""
        return self.queries if self.gallery is None else self.gallery

    def neighbours(self, rows: NDArray[np.int64], k: int) -> Neighbours:
        """Return the `k` nearest neighbours of the queries `rows`, int64 [q], in `searched`."""
        return nearest_neighbours(
            self.features,
            self.queries.labels,
            k,
            rows=rows,
            gallery=self.gallery_features,
            gallery_labels=None if self.gallery is None else self.gallery.labels,
        )

    def to_json(self) -> dict[str, Any]:
        """Return the scores as JSON values."""
        scores = {"data": self.name, **self.evaluation.to_json(), "accuracy": self.accuracy}
        return {**scores, "excluded_singletons": list(self.single)}


def retrieve(
    model: EmbeddingModel, config: RunConfig, source: ImageSource, part: str = "test"
) -> Retrieval:
    """Embed every image of a part of `source` once, and score it as the run's own record does.

    Args:
        model: the trained network.
        config: of its run.
        source: the data.
        part: "test", with the gallery where the data set has one, or "train".

    Raises:
        ValueError: if fewer than two classes are left to look up.
    """
    evaluator = Evaluator(model.features, source, config)
    gallery = source.gallery if part == "test" else None
    everything = source.test if part == "test" else source.train
    # In a gallery a single image can be found.
    queries, single = without_singletons(everything) if gallery is None else (everything, ())
    if queries.num_classes < 2:
        raise ValueError(
            f"expected at least two {part} classes of two images or more, to look one up among the "
            f"others. Received: {queries.num_classes} in {source.name}"
        )
    raw, _ = evaluator.embed(queries)
    features = damped_unit_length(raw, config.feature_epsilon)
    searched = None
    if gallery is not None:
        searched = damped_unit_length(evaluator.embed(gallery)[0], config.feature_epsilon)
    return Retrieval(
        name=source.name if part == "test" else f"{source.name}_train",
        queries=queries,
        features=features,
        gallery=gallery,
        gallery_features=searched,
        evaluation=_evaluate(config, queries, features, gallery, searched),
        accuracy=_accuracy(model, raw, queries) if _is_known(config, part) else None,
        single=single,
    )


def without_singletons(split: Split) -> tuple[Split, tuple[str, ...]]:
    """Return `split` without the classes of one image, and the names of these."""
    counts = np.bincount(split.labels, minlength=split.num_classes)
    single = tuple(split.class_names[label] for label in np.flatnonzero(counts == 1))
    if not single:
        return split, ()
    return split.subset(np.flatnonzero(counts[split.labels] > 1)), single


def _evaluate(
    config: RunConfig,
    queries: Split,
    features: NDArray[np.float32],
    gallery: Split | None,
    searched: NDArray[np.float32] | None,
) -> Evaluation:
    return evaluate(
        features,
        queries.labels,
        ks=config.ks,
        seed=config.seed,
        n_init=config.kmeans_starts,
        normalize=False,
        gallery=searched,
        gallery_labels=None if gallery is None else gallery.labels,
        progress=Progress("scoring", len(queries), "queries").advance,
    )


def _is_known(config: RunConfig, part: str) -> bool:
    """Return whether the classifier's classes are those of the part."""
    return part == "train" or config.split == CLASSIFICATION


def _accuracy(model: EmbeddingModel, features: NDArray[np.float32], queries: Split) -> float | None:
    """Return the classifier's accuracy on `queries`; None if they are not of all its classes."""
    if queries.num_classes != model.num_classes:
        return None
    parts = np.array_split(features, max(1, len(features) // 1000))
    predicted = np.concatenate([np.argmax(np.asarray(model.logits(p)), axis=-1) for p in parts])
    return float(np.mean(predicted == queries.labels))
