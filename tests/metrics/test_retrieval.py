"""Recall@K against loops in float64, scikit-learn's neighbours and its own definition."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.neighbors import NearestNeighbors
from support.labelled_vectors import brute_force_ranks, labelled_vectors, unit_vectors

from hsm.metrics import distances, first_positive_ranks, mutual, recall_at_k


@settings(max_examples=200, deadline=None)
@given(labelled_vectors())
def test_ranks_equal_brute_force(case):
    vectors, labels, _ = case
    expected = brute_force_ranks(vectors, labels)
    np.testing.assert_array_equal(first_positive_ranks(vectors, labels), expected)


@settings(max_examples=100, deadline=None)
@given(labelled_vectors(), st.integers(0, 3))
def test_gallery_ranks_equal_brute_force(case, copies):
    vectors, labels, generator = case
    order = generator.permutation(len(labels))
    gallery = np.concatenate([np.roll(vectors, 1, axis=0), *[vectors[order]] * copies])
    gallery_labels = np.concatenate([labels, *[labels[order]] * copies])
    expected = brute_force_ranks(vectors, labels, gallery, gallery_labels)
    ranks = first_positive_ranks(vectors, labels, gallery, gallery_labels)
    np.testing.assert_array_equal(ranks, expected)


@pytest.mark.parametrize(("block", "tile"), [(1, (1, 1)), (64, (7, 5)), (500, (150, 1))])
def test_block_boundaries_change_nothing(monkeypatch, block, tile):
    generator = np.random.default_rng(0)
    vectors = generator.normal(size=(150, 3)).round(1)
    labels = np.arange(150) % 9
    monkeypatch.setattr(distances, "_BLOCK", block)
    monkeypatch.setattr(distances, "_TILE", tile)
    expected = brute_force_ranks(vectors, labels)
    np.testing.assert_array_equal(first_positive_ranks(vectors, labels), expected)


@pytest.mark.parametrize("side", [1, 7, 50, 74, 149, 4096])
@pytest.mark.parametrize("classes", [9, 40])
def test_where_no_two_images_coincide_every_distance_is_computed_once(monkeypatch, side, classes):
    """On a lattice, full of ties, in any order, with classes of more and of fewer images."""
    monkeypatch.setattr(distances.ScreenedDistances, "count_within", None)
    monkeypatch.setattr(mutual, "_SIDE", side)
    lattice = np.stack(np.meshgrid(*[np.arange(6.0)] * 3), axis=-1).reshape(-1, 3)
    vectors = np.random.default_rng(3).permutation(lattice)[:149]
    labels = np.arange(149) % classes
    expected = brute_force_ranks(vectors, labels)
    seen = []
    ranks = first_positive_ranks(vectors, labels, progress=seen.append)
    np.testing.assert_array_equal(ranks, expected)
    assert sum(seen) == 149


@pytest.mark.parametrize("side", [1, 7, 50])
@pytest.mark.parametrize("ks", [(1,), (2, 7), (3, 60)])
@pytest.mark.parametrize("round_", [0.0, 0.2])
def test_queries_that_are_no_hits_for_sure_change_no_recall(monkeypatch, side, ks, round_):
    monkeypatch.setattr(mutual, "_SIDE", side)
    monkeypatch.setattr(mutual, "_ROUND", round_)
    lattice = np.stack(np.meshgrid(*[np.arange(6.0)] * 3), axis=-1).reshape(-1, 3)
    vectors = np.random.default_rng(4).permutation(lattice)[:149]
    labels = np.arange(149) % 40
    expected = brute_force_ranks(vectors, labels)
    recall = recall_at_k(vectors, labels, ks)
    assert recall == {k: np.mean(expected < k) for k in ks}


def test_two_queries_that_are_no_hits_for_sure_are_not_compared(monkeypatch):
    monkeypatch.setattr(mutual, "_SIDE", 10)
    generator = np.random.default_rng(5)
    vectors, labels = generator.normal(size=(1000, 4)), np.arange(1000) // 2
    blocks = []
    count = mutual._Search.count
    monkeypatch.setattr(
        mutual._Search, "count", lambda self, rows: blocks.append(rows) or count(self, rows)
    )
    ranks = first_positive_ranks(vectors, labels)
    assert len(blocks) == 100
    blocks.clear()
    assert recall_at_k(vectors, labels, 10) == {10: np.mean(ranks < 10)}
    assert len(blocks) < 50


def test_matches_scikit_learn_where_nothing_ties():
    generator = np.random.default_rng(1)
    labels = generator.integers(0, 40, 3000)
    centres = generator.normal(size=(40, 64))
    vectors = centres[labels] + 2.5 * generator.normal(size=(3000, 64))
    model = NearestNeighbors(n_neighbors=33, algorithm="brute").fit(vectors)
    neighbours = model.kneighbors(return_distance=False)
    same = labels[neighbours] == labels[:, None]
    recall = recall_at_k(vectors, labels, ks=(1, 2, 4, 8, 32))
    assert list(recall) == [1, 2, 4, 8, 32]
    assert 0.1 < recall[1] < recall[32] < 1.0
    for k, value in recall.items():
        assert value == same[:, :k].any(axis=1).mean()


def test_collapsed_embedding_scores_zero():
    labels = np.arange(5000) % 50
    assert recall_at_k(np.full((5000, 8), 0.3), labels, ks=(1, 8)) == {1: 0.0, 8: 0.0}


def test_two_points_of_mixed_classes_score_zero():
    """Many exact ties, but between points that are not all the same."""
    generator = np.random.default_rng(2)
    points = unit_vectors(generator, 2, 64)
    vectors = points[np.arange(4000) % 2]
    labels = np.repeat(np.arange(20), 200)
    expected = np.full(4000, 4000 // 2 - 100)
    np.testing.assert_array_equal(first_positive_ranks(vectors, labels), expected)


def test_negative_at_the_positives_distance_comes_first():
    vectors = [[0.0, 0.0], [1.0, 0.0], [0.0, -1.0], [0.0, 9.0]]
    labels = [0, 0, 1, 1]
    ranks = first_positive_ranks(vectors, labels)
    np.testing.assert_array_equal(ranks, brute_force_ranks(vectors, labels))
    assert ranks[0] == 1
    # A last digit of float32 decides again.
    vectors[2][1] = float(np.nextafter(np.float32(-1.0), np.float32(-2.0)))
    assert first_positive_ranks(vectors, labels)[0] == 0


def test_distances_that_only_float64_tells_apart():
    """Everything lies on a sphere around the queries, up to the tenth digit."""
    generator = np.random.default_rng(6)
    sphere = generator.normal(size=(400, 16))
    sphere *= (1.0 + 1e-10 * generator.normal(size=(400, 1))) / np.linalg.norm(
        sphere, axis=1, keepdims=True
    )
    labels = np.arange(400) % 4
    queries, query_labels = np.zeros((4, 16)), np.arange(4)
    expected = brute_force_ranks(queries, query_labels, sphere, labels)
    assert expected.max() > 0
    ranks = first_positive_ranks(queries, query_labels, sphere, labels)
    np.testing.assert_array_equal(ranks, expected)


def test_negative_zero_is_zero():
    vectors = np.array([[0.0], [-0.0], [0.0], [5.0]])
    assert first_positive_ranks(vectors, [0, 0, 1, 1]).tolist() == [1, 1, 2, 2]


def test_unbalanced_classes_against_brute_force():
    generator = np.random.default_rng(3)
    labels = np.concatenate([np.zeros(200, int), np.repeat(np.arange(1, 30), 2)])
    vectors = unit_vectors(generator, len(labels), 5)
    expected = brute_force_ranks(vectors, labels)
    np.testing.assert_array_equal(first_positive_ranks(vectors, labels), expected)


def test_k_beyond_the_gallery_retrieves_everything():
    assert recall_at_k([[0.0], [9.0], [1.0], [2.0]], [0, 0, 1, 1], ks=(3, 100)) == {
        3: 1.0,
        100: 1.0,
    }


def test_vectors_are_not_normalised():
    """At unit length, each vector would lie on its class's other one, and all would be hits."""
    vectors = [[1.0, 0.0], [9.0, 0.0], [0.0, 1.0], [0.0, 9.0]]
    labels = [0, 0, 1, 1]
    assert recall_at_k(vectors, labels, ks=(1,)) == {1: 0.5}


@pytest.mark.parametrize("collapsed", [False, True])
def test_memory_stays_far_below_all_pairs(collapsed):
    generator = np.random.default_rng(4)
    count = 20_000
    vectors = unit_vectors(generator, count, 64)
    if collapsed:
        vectors[count // 2 :] = vectors[0]
    labels = generator.integers(0, 1000, count)
    tracemalloc.start()
    try:
        ranks = first_positive_ranks(vectors, labels)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert len(ranks) == count
    # All pairs in float32 would take 1.6 GB, and one copy of the vectors in float64 10 MB.
    assert peak < 200e6


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([1.0, 2.0], [0, 0]), r"expected embeddings to be a matrix \[n, k\].*shape=\(2,\)"),
        ((np.empty((0, 3)), []), r"expected embeddings to be a matrix.*shape=\(0, 3\)"),
        (([["a"], ["b"]], [0, 0]), r"expected embeddings to hold real numbers.*dtype=<U1.*float32"),
        (([[1j], [2j]], [0, 0]), r"expected embeddings to hold real numbers.*dtype=complex128"),
        (([[1.0], [np.nan]], [0, 0]), r"finite.*1 of 2 rows, first in row 1.*learning rate"),
        (([[np.inf], [1.0]], [0, 0]), r"finite.*first in row 0"),
        (
            ([[1.0], [2.0]], [0]),
            r"expected labels to have one entry for each of the 2 vectors.*1 entries",
        ),
        (([[1.0], [2.0]], [[0], [0]]), r"expected labels to be a vector \[n\].*shape=\(2, 1\)"),
        (
            ([[1.0], [2.0]], [0.0, 0.0]),
            r"expected labels to be integers.*dtype=float64.*numpy.unique",
        ),
        (
            ([[1.0], [2.0], [3.0]], [4, 4, 7]),
            r"none for 1 class\(es\): 7\. Add images, or pass singletons",
        ),
        (([[1.0]] * 12, range(12)), r"none for 12 class\(es\): 0, 1, .*9, \.\.\."),
        (
            ([[1.0]], [0], (1,), [[1.0]]),
            r"expected gallery and gallery_labels together",
        ),
        (([[1.0]], [0], (1,), [[1.0, 2.0]], [0]), r"as long as the queries'.*2 and 1"),
        (
            ([[1.0]], [3], (1,), [[1.0]], [0]),
            r"its class in the gallery.*none for 1 class\(es\): 3",
        ),
        (([[1.0]], [3], (1,), [[np.nan]], [3]), r"expected gallery to be finite"),
        (([[1.0]], [3], (1,), [[1.0]], [3, 3]), r"expected gallery_labels to have one entry"),
        (
            ([[1.0]] * 2, [3, 3], (1, 0)),
            r"expected every K of ks to be a whole number.*Received: 0",
        ),
        (
            ([[1.0]] * 2, [3, 3], (1.5,)),
            r"expected every K of ks to be a whole number.*Received: 1.5",
        ),
        (([[1.0]] * 2, [3, 3], ()), r"ks to name at least one K"),
    ],
)
def test_errors_name_rule_value_and_remedy(arguments, message):
    with pytest.raises(ValueError, match=message):
        recall_at_k(*arguments)


def test_progress_counts_every_query_once():
    vectors = np.random.default_rng(0).standard_normal((1300, 4))
    seen = []
    first_positive_ranks(vectors, np.arange(1300) % 10, progress=seen.append)
    assert sum(seen) == 1300
    assert len(seen) > 1


def test_one_k_may_stand_alone():
    vectors, labels = [[0.0], [1.0], [5.0], [5.5]], [0, 0, 1, 1]
    assert recall_at_k(vectors, labels, ks=1) == {1: 1.0}
    assert recall_at_k(vectors, labels, np.int64(2)) == {2: 1.0}


# The class 7 has one image; it lies between the two of class 0.
SINGLE = np.array([[0.0], [1.0], [2.5], [9.0], [9.5]]), np.array([0, 7, 0, 1, 1])


def test_a_query_without_anything_to_find_is_what_the_caller_says():
    with pytest.raises(ValueError, match="singletons='exclude' or 'miss'"):
        recall_at_k(*SINGLE, ks=1)
    # A miss, and still in the way of others.
    assert recall_at_k(*SINGLE, ks=(1, 2, 10), singletons="miss") == {1: 0.4, 2: 0.8, 10: 0.8}
    # Left out, also as a neighbour.
    assert recall_at_k(*SINGLE, ks=(1, 2), singletons="exclude") == {1: 1.0, 2: 1.0}


def test_what_the_gallery_lacks_can_be_left_out_or_missed():
    queries, labels, gallery = [[0.0], [1.0]], [0, 7], ([[0.1], [3.0]], [0, 1])
    assert recall_at_k(queries, labels, 1, *gallery, singletons="exclude") == {1: 1.0}
    assert recall_at_k(queries, labels, (1, 9), *gallery, singletons="miss") == {1: 0.5, 9: 0.5}
    with pytest.raises(ValueError, match="its class in the gallery"):
        recall_at_k([[1.0]], [7], 1, *gallery, singletons="exclude")


def test_ranks_of_all_but_single_images_are_those_without_the_rule():
    generator = np.random.default_rng(3)
    vectors, labels = generator.normal(size=(60, 3)), np.repeat(np.arange(30), 2)
    labels[0] = 99  # And 0 has one image left.
    ranks = first_positive_ranks(vectors, labels, singletons="miss")
    paired = np.arange(2, 60)
    assert (ranks[:2] == np.iinfo(np.int32).max).all()
    closer = [
        (
            np.square(vectors - vectors[i]).sum(axis=1)[labels != labels[i]]
            <= np.square(vectors[i ^ 1] - vectors[i]).sum()
        ).sum()
        for i in paired
    ]
    np.testing.assert_array_equal(ranks[paired], closer)


def test_an_unknown_rule_for_single_images_is_refused():
    with pytest.raises(ValueError, match="expected singletons to be 'error' or 'miss'"):
        recall_at_k(*SINGLE, singletons="skip")
