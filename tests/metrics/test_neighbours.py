"""Nearest neighbours against loops, scikit-learn's neighbours and the ranks of recall."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.neighbors import NearestNeighbors

from hsm.metrics import distances, first_positive_ranks
from hsm.metrics.neighbours import nearest_neighbours


def brute_force(points, labels, k, row):
    """The definition: by distance, other classes first, then by index."""
    others = [i for i in range(len(points)) if i != row]
    key = lambda i: (np.square(points[i] - points[row]).sum(), labels[i] == labels[row], i)  # noqa: E731
    return sorted(others, key=key)[:k]


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 2**31), st.integers(2, 25), st.integers(1, 9), st.booleans())
def test_agrees_with_the_definition_also_on_ties(seed, count, k, coarse):
    generator = np.random.default_rng(seed)
    points = generator.normal(size=(count, 3))
    points = np.rint(points) if coarse else points.astype(np.float32).astype(np.float64)
    labels = generator.integers(0, 3, count)
    found = nearest_neighbours(points, labels, k)
    expected = [brute_force(points, labels, k, row) for row in range(count)]
    np.testing.assert_array_equal(found.indices, expected)
    np.testing.assert_array_equal(found.right, labels[found.indices] == labels[:, None])


def test_agrees_with_scikit_learn_in_several_blocks(monkeypatch):
    monkeypatch.setattr(distances, "_BLOCK", 700)
    points = np.random.default_rng(0).normal(size=(300, 16)).astype(np.float32)
    rows = np.array([299, 0, 17, 17])
    found = nearest_neighbours(points, np.arange(300), 8, rows=rows)
    far, expected = NearestNeighbors(n_neighbors=9).fit(points).kneighbors(points[rows])
    np.testing.assert_array_equal(found.indices, expected[:, 1:])
    np.testing.assert_allclose(found.distances, far[:, 1:], rtol=1e-5)


def test_a_gallery_is_searched_as_a_whole():
    generator = np.random.default_rng(1)
    queries, gallery = generator.normal(size=(5, 4)), generator.normal(size=(30, 4))
    found = nearest_neighbours(
        queries, np.zeros(5, int), 3, gallery=gallery, gallery_labels=np.arange(30) % 2
    )
    expected = NearestNeighbors(n_neighbors=3).fit(gallery).kneighbors(queries)[1]
    np.testing.assert_array_equal(found.indices, expected)
    np.testing.assert_array_equal(found.right, expected % 2 == 0)


def test_the_first_right_neighbour_stands_at_the_rank_of_recall():
    generator = np.random.default_rng(2)
    points, labels = generator.normal(size=(80, 2)), np.arange(80) % 10
    found = nearest_neighbours(points, labels, 79)
    np.testing.assert_array_equal(found.right.argmax(axis=1), first_positive_ranks(points, labels))


def test_a_collapsed_embedding_finds_other_classes_first():
    found = nearest_neighbours(np.ones((6, 3)), [0, 0, 0, 1, 1, 1], 3)
    np.testing.assert_array_equal(found.right, np.zeros((6, 3), bool))


def test_asking_for_more_than_there_is_finds_everything():
    found = nearest_neighbours(np.eye(4), np.arange(4), 100)
    assert found.indices.shape == (4, 3)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"rows": [0, 4]}, "rows to be indices of the 4 vectors, 0..3. Received: 0..4"),
        ({"gallery": np.eye(4)}, "expected gallery and gallery_labels together"),
        (
            {"gallery": np.ones((2, 3)), "gallery_labels": [0, 1]},
            "2 of length 3 for queries of length 4",
        ),
        ({"k": 0}, "k to be a whole number of at least 1"),
    ],
)
def test_what_contradicts_is_refused(arguments, sentence):
    with pytest.raises(ValueError, match=sentence):
        nearest_neighbours(np.eye(4), np.arange(4), **{"k": 1, **arguments})


def test_a_single_vector_has_no_neighbour():
    with pytest.raises(ValueError, match="expected another vector to find"):
        nearest_neighbours(np.ones((1, 2)), [0], 1)
