"""Vectors with labels, and recall's definition as a loop over them."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st


def squared_distance(a, b):
    """The definition, in float64."""
    return np.square(a - b).sum()


def brute_force_ranks(embeddings, labels, gallery=None, gallery_labels=None):
    """One comparison at a time, as the docstring of `first_positive_ranks` says it."""
    own = gallery is None
    queries = np.asarray(embeddings, np.float64)
    searched = queries if own else np.asarray(gallery, np.float64)
    searched_labels = labels if own else gallery_labels
    ranks = []
    for i, query in enumerate(queries):
        positives, negatives = [], []
        for j, other in enumerate(searched):
            if own and i == j:
                continue
            same = searched_labels[j] == labels[i]
            (positives if same else negatives).append(squared_distance(query, other))
        ranks.append(sum(negative <= min(positives) for negative in negatives))
    return np.array(ranks)


def unit_vectors(generator, count, dimension):
    vectors = generator.normal(size=(count, dimension)).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


@st.composite
def labelled_vectors(draw):
    """Small cases, half of them on a coarse grid, where ties and duplicates abound."""
    count, dimension = draw(st.integers(1, 14)), draw(st.integers(1, 4))
    labels = np.repeat(draw(st.lists(st.integers(-3, 3), min_size=count, max_size=count)), 2)
    generator = np.random.default_rng(draw(st.integers(0, 2**31)))
    shape = (len(labels), dimension)
    kind = draw(st.sampled_from(["grid", "normal", "offset", "huge", "outlier", "float16"]))
    vectors = {
        "grid": generator.integers(-1, 2, shape),
        "normal": generator.normal(size=shape),
        "offset": 1e3 + 1e-6 * generator.normal(size=shape),
        "huge": (1e30 * generator.normal(size=shape)).astype(np.float32),
        "outlier": np.where(
            np.arange(len(labels))[:, None] == 0, 1e9, generator.normal(size=shape)
        ),
        "float16": generator.normal(size=shape).astype(np.float16),
    }[kind]
    return vectors, labels, generator
