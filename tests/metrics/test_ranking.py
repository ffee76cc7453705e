"""R-precision and MAP@R against loops over the definition, and cases done by hand."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.labelled_vectors import (
    brute_force_ranks,
    labelled_vectors,
    squared_distance,
    unit_vectors,
)

from hsm.metrics import mean_average_precision_at_r, r_precision, ranking
from hsm.metrics.retrieval import checked_search, first_positive_ranks


def brute_force(embeddings, labels, gallery=None, gallery_labels=None):
    """R-precision and AP@R of every query: its neighbours sorted, the first R looked at in turn."""
    own = gallery is None
    queries = np.asarray(embeddings, np.float64)
    searched = queries if own else np.asarray(gallery, np.float64)
    searched_labels = np.asarray(labels if own else gallery_labels)
    found = []
    for i, query in enumerate(queries):
        others = [j for j in range(len(searched)) if not (own and i == j)]
        right = [bool(searched_labels[j] == labels[i]) for j in others]
        distances = [squared_distance(query, searched[j]) for j in others]
        # Of equal distances those of other classes come first.
        order = sorted(range(len(others)), key=lambda j: (distances[j], right[j]))
        count, hits, total = sum(right), 0, 0.0
        for place, j in enumerate(order[:count], start=1):
            if right[j]:
                hits += 1
                total += hits / place
        found.append((hits / count, total / count))
    return np.array(found).T


def scored(*arguments, **options):
    found = ranking.rank(checked_search(*arguments, **options))
    return found.ranks, np.array([found.r_precision, found.average_precision])


def assert_as_loops(*arguments):
    ranks, shares = scored(*arguments)
    np.testing.assert_allclose(shares, brute_force(*arguments), rtol=1e-12, atol=0)
    np.testing.assert_array_equal(ranks, first_positive_ranks(*arguments))


@settings(max_examples=200, deadline=None)
@given(labelled_vectors())
def test_scores_equal_loops(case):
    vectors, labels, _ = case
    assert_as_loops(vectors, labels)


@settings(max_examples=100, deadline=None)
@given(labelled_vectors(), st.integers(0, 3))
def test_scores_in_a_gallery_equal_loops(case, copies):
    vectors, labels, generator = case
    order = generator.permutation(len(labels))
    gallery = np.concatenate([np.roll(vectors, 1, axis=0), *[vectors[order]] * copies])
    gallery_labels = np.concatenate([labels, *[labels[order]] * copies])
    assert_as_loops(vectors, labels, gallery, gallery_labels)


@pytest.mark.parametrize("block", [1, 700, 5000])
@pytest.mark.parametrize("spread", [0.2, 0.7, 3.0])
def test_classes_of_very_different_sizes_in_small_blocks(monkeypatch, block, spread):
    monkeypatch.setattr(ranking, "_BLOCK", block)
    monkeypatch.setattr(ranking, "_LISTED", block)
    generator = np.random.default_rng(5)
    labels = np.concatenate([np.zeros(120, int), np.repeat(np.arange(1, 25), 2), [30] * 9])
    labels = generator.permutation(labels)
    vectors = generator.normal(size=(31, 4))[labels] + spread * generator.normal(
        size=(len(labels), 4)
    )
    vectors[::7] = vectors[0]
    assert_as_loops(vectors, labels)


def test_by_hand():
    # From 0: 1 (other), 2 (own), 3 (own), 4 (other); two of its class to find, R = 2.
    vectors, labels = [[0.0], [1.0], [2.0], [3.0], [4.5]], [0, 1, 0, 0, 1]
    _, shares = scored(vectors, labels)
    # Own neighbours of 0: second of the first two, after one other.
    assert shares[:, 0].tolist() == [1 / 2, (1 / 2) / 2]
    # From 1 both others at distance 1 are wrong, its own is the last: R = 1.
    assert shares[:, 1].tolist() == [0.0, 0.0]
    # From 2: 1 and 3 at one distance: the wrong one first, then the right one.
    assert shares[:, 2].tolist() == [1 / 2, (1 / 2) / 2]
    assert r_precision(vectors, labels) == pytest.approx(shares[0].mean())
    assert mean_average_precision_at_r(vectors, labels) == pytest.approx(shares[1].mean())


def test_musgraves_example_tells_map_at_r_from_recall():
    """Ten of a class: right at 1 alone, at 1 and 10, at 1 and 2, at all ten; recall is the same."""
    hits = [[1], [1, 10], [1, 2], list(range(1, 11))]
    expected = [0.1, (1 + 2 / 10) / 10, 0.2, 1.0]
    for right, value in zip(hits, expected, strict=True):
        places = np.arange(1.0, 21.0)[:, None]
        wrong = [p for p in range(1, 21) if p not in right]
        own = [*right, *range(21, 31 - len(right))]
        gallery = np.array([*own, *wrong], float)[:, None]
        labels = [0] * len(own) + [1] * len(wrong)
        assert len(places) == 20
        assert len(own) == 10
        found = mean_average_precision_at_r([[0.0]], [0], gallery, labels)
        assert found == pytest.approx(value)
        assert r_precision([[0.0]], [0], gallery, labels) == pytest.approx(len(right) / 10)


def test_a_collapsed_embedding_scores_zero():
    labels = np.arange(3000) % 50
    assert r_precision(np.full((3000, 8), 0.3), labels) == 0.0
    assert mean_average_precision_at_r(np.full((3000, 8), 0.3), labels) == 0.0


def test_distances_that_only_float64_tells_apart():
    generator = np.random.default_rng(6)
    sphere = generator.normal(size=(200, 16))
    sphere *= (1.0 + 1e-10 * generator.normal(size=(200, 1))) / np.linalg.norm(
        sphere, axis=1, keepdims=True
    )
    assert_as_loops(np.zeros((4, 16)), np.arange(4), sphere, np.arange(200) % 4)


@pytest.mark.parametrize("metric", [r_precision, mean_average_precision_at_r])
def test_singletons_are_as_with_recall(metric):
    vectors, labels = [[0.0], [0.1], [5.0], [5.1], [9.0]], [0, 0, 1, 1, 2]
    with pytest.raises(ValueError, match="another image of its class to find"):
        metric(vectors, labels)
    assert metric(vectors, labels, singletons="exclude") == 1.0
    assert metric(vectors, labels, singletons="miss") == pytest.approx(4 / 5)
    ranks, _ = scored(vectors, labels, singletons="miss")
    assert ranks[4] == np.iinfo(np.int32).max


def test_progress_counts_every_query():
    labels = np.array([0, 0, 0, 1, 1, 2])
    vectors = np.array([[0.0], [0.0], [1.0], [2.0], [2.0], [3.0]])
    seen: list[int] = []
    ranking.rank(checked_search(vectors, labels, singletons="miss"), progress=seen.append)
    assert sum(seen) == 6


@pytest.mark.parametrize("classes", [4, 1000])
def test_memory_stays_far_below_all_pairs(classes):
    generator = np.random.default_rng(4)
    vectors = unit_vectors(generator, 6000, 16)
    labels = np.arange(6000) % classes
    search = checked_search(vectors, labels)
    tracemalloc.start()
    try:
        found = ranking.rank(search)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert len(found.ranks) == 6000
    # Row, column and key of all pairs would take 860 MB.
    assert peak < 300e6


def test_the_loops_agree_with_recalls_loops():
    """The oracle here and that of recall order neighbours alike."""
    generator = np.random.default_rng(7)
    vectors, labels = generator.integers(-1, 2, (20, 2)), np.arange(20) % 5
    ranks, _ = scored(vectors, labels)
    np.testing.assert_array_equal(ranks, brute_force_ranks(vectors, labels))
