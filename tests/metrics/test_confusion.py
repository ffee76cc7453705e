"""Confused pairs against scikit-learn's confusion matrix, and the recall that they add up to."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import confusion_matrix

from hsm.metrics import recall_at_k
from hsm.metrics.confusion import confused_pairs
from hsm.metrics.neighbours import nearest_neighbours


def test_counts_are_those_of_the_confusion_matrix():
    generator = np.random.default_rng(0)
    labels, nearest = generator.integers(0, 7, 400), generator.integers(0, 7, 400)
    matrix = confusion_matrix(labels, nearest)
    pairs = confused_pairs(labels, nearest)
    assert len(pairs) == 21
    for pair in pairs:
        assert pair.first_as_second == matrix[pair.first, pair.second]
        assert pair.second_as_first == matrix[pair.second, pair.first]
        assert pair.first_as_second >= pair.second_as_first
        assert pair.first_queries == matrix[pair.first].sum()
        assert pair.share == pair.count / matrix[[pair.first, pair.second]].sum()
    assert [p.count for p in pairs] == sorted((p.count for p in pairs), reverse=True)


def test_together_they_are_what_recall_at_1_misses():
    generator = np.random.default_rng(1)
    # A grid has ties, which recall counts as misses.
    points, labels = generator.integers(0, 4, (90, 2)), np.arange(90) % 9
    nearest = labels[nearest_neighbours(points, labels, 1).indices[:, 0]]
    missed = sum(pair.count for pair in confused_pairs(labels, nearest))
    assert missed == round(90 * (1 - recall_at_k(points, labels, (1,))[1]))


def test_no_error_is_no_pair_and_a_class_without_queries_counts_none():
    assert confused_pairs([0, 1], [0, 1]) == []
    (pair,) = confused_pairs([0, 0], [0, 5])
    assert (pair.first, pair.second, pair.second_queries, pair.share) == (0, 5, 0, 0.5)


def test_lengths_must_agree():
    with pytest.raises(ValueError, match="nearest to have one entry for each of the 2 vectors"):
        confused_pairs([0, 1], [0])
