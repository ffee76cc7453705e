"""Cases recall and nmi: vectors as many as Stanford Online Products tests, and what scores them."""

from __future__ import annotations

import numpy as np

from benchmarks.settings import Round, Settings

_DIMENSIONS = 64
_KS = (1, 10, 100)
_ITERATIONS = 20


def make_vectors(settings: Settings) -> tuple[np.ndarray, np.ndarray]:
    """Return unit vectors float32 [n, 64] around class centres, and their labels int64 [n], sorted.

    Classes of one vector, for which no retrieval can be right, are drawn as others are.
    """
    rng = np.random.default_rng(0)
    centers = rng.standard_normal((settings.classes, _DIMENSIONS))
    labels = np.sort(rng.integers(settings.classes, size=settings.queries))
    vectors = 0.6 * centers[labels] + rng.standard_normal((settings.queries, _DIMENSIONS))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors.astype(np.float32), labels


def retrievable(settings: Settings) -> tuple[np.ndarray, np.ndarray]:
    """Return `make_vectors` without the classes of a single vector."""
    vectors, labels = make_vectors(settings)
    kept = np.bincount(labels)[labels] > 1
    return vectors[kept], labels[kept]


def recall_hsm(settings: Settings) -> Round:
    """Compute Recall@1, 10 and 100."""
    from hsm.metrics import recall_at_k

    vectors, labels = retrievable(settings)

    def score() -> float:
        recall_at_k(vectors, labels, _KS)
        return len(vectors)

    return score


def recall_faiss(settings: Settings) -> Round:
    """Find the 101 nearest neighbours of every vector by FAISS, and whether one is of its class."""
    import faiss

    vectors, labels = retrievable(settings)

    def score() -> float:
        index = faiss.IndexFlatL2(vectors.shape[1])
        index.add(vectors)
        _, neighbours = index.search(vectors, max(_KS) + 1)
        right = labels[neighbours[:, 1:]] == labels[:, None]
        for k in _KS:
            right[:, :k].any(axis=1).mean()
        return len(vectors)

    return score


def recall_pml(settings: Settings) -> Round:
    """Compute precision at 1 with a search for 100 neighbours by pytorch-metric-learning."""
    import torch
    from pytorch_metric_learning.utils.accuracy_calculator import AccuracyCalculator

    arrays = retrievable(settings)
    vectors, labels = map(torch.from_numpy, arrays)
    calculator = AccuracyCalculator(
        include=("precision_at_1",), k=max(_KS), device=torch.device("cpu")
    )

    def score() -> float:
        calculator.get_accuracy(vectors, labels)
        return len(vectors)

    return score


def nmi_hsm(settings: Settings) -> Round:
    """Run k-means with k-means++ starts, and the NMI."""
    from hsm.metrics import cluster, nmi

    vectors, labels = make_vectors(settings)

    def score() -> float:
        nmi(labels, cluster(vectors, settings.classes, seed=0, n_init=1))
        return 1.0

    return score


def nmi_sklearn(settings: Settings) -> Round:
    """Do the same by scikit-learn alone."""
    from sklearn.cluster import KMeans
    from sklearn.metrics import normalized_mutual_info_score

    vectors, labels = make_vectors(settings)

    def score() -> float:
        model = KMeans(settings.classes, n_init=1, max_iter=_ITERATIONS, random_state=0)
        normalized_mutual_info_score(labels, model.fit_predict(vectors))
        return 1.0

    return score


def nmi_faiss(settings: Settings) -> Round:
    """Run k-means with random starts by FAISS, as pytorch-metric-learning uses it."""
    import faiss
    from sklearn.metrics import normalized_mutual_info_score

    vectors, labels = make_vectors(settings)

    def score() -> float:
        model = faiss.Kmeans(vectors.shape[1], settings.classes, niter=_ITERATIONS, seed=0)
        model.train(vectors)
        _, clusters = model.index.search(vectors, 1)
        normalized_mutual_info_score(labels, clusters[:, 0])
        return 1.0

    return score
