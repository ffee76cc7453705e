"""The clustering loss against a search with loops, whose NMI is scikit-learn's."""

from __future__ import annotations

import functools
import itertools

import numpy as np
import pytest
import tensorflow as tf
from sklearn.metrics import normalized_mutual_info_score
from support.loss_gradients import check_against, value_and_gradient

from hsm.losses import FacilityLocation
from hsm.losses.facility_location import facility_location

LABELS = [0, 0, 0, 1, 1, 2, 2, 2, 3, 3]


def points(seed, size=10):
    return np.random.default_rng(seed).normal(size=(size, 3)).astype(np.float32)


def distances(x):
    return np.linalg.norm(x[:, None] - x[None], axis=-1)


def assigned(d, medoids):
    return [i if i in medoids else min(medoids, key=lambda j: d[i, j]) for i in range(len(d))]


@functools.cache
def geometric_nmi(labels, clusters):
    return normalized_mutual_info_score(labels, clusters, average_method="geometric")


def delta(d, medoids, labels):
    return 1.0 - geometric_nmi(tuple(labels), tuple(assigned(d, medoids)))


def travel(d, medoids):
    return sum(min(d[i, j] for j in medoids) for i in range(len(d)))


def searched(d, labels, gamma, rounds):
    medoids = []
    for _ in set(labels):
        medoids.append(
            max(
                (j for j in range(len(d)) if j not in medoids),
                key=lambda j: gamma * delta(d, [*medoids, j], labels) - travel(d, [*medoids, j]),
            )
        )
    for _ in range(rounds):
        clusters = assigned(d, medoids)
        for place, old in enumerate(list(medoids)):
            members = [i for i in range(len(d)) if clusters[i] == old]

            def score(j, place=place, members=members):
                tried = [*medoids[:place], j, *medoids[place + 1 :]]
                return gamma * delta(d, tried, labels) - sum(d[i, j] for i in members)

            medoids[place] = max(members, key=score)
    return medoids


def own_travel(d, labels):
    total = 0.0
    for name in set(labels):
        members = [i for i in range(len(d)) if labels[i] == name]
        total += min(sum(d[i, j] for i in members) for j in members)
    return total


def loops(x, labels, gamma, medoids):
    d = distances(x)
    score = gamma * delta(d, medoids, labels) - travel(d, medoids)
    return max(0.0, score + own_travel(d, labels))


@pytest.mark.parametrize("gamma", [0.0, 1.0, 20.0])
@pytest.mark.parametrize("rounds", [0, 5])
def test_it_is_the_hinge_at_the_clustering_that_is_found(rounds, gamma):
    medoids = searched(distances(points(1).astype(float)), LABELS, gamma, rounds)
    loss = FacilityLocation(gamma, rounds=rounds)
    check_against(lambda x: loops(x, LABELS, gamma, medoids), loss, LABELS, points(1))


@pytest.mark.parametrize("seed", range(2, 5))
def test_it_is_also_for_labels_of_every_kind(seed):
    labels = list(np.random.default_rng(seed).integers(0, 5, size=12) * 7 - 3)
    x = points(seed, 12)
    medoids = searched(distances(x.astype(float)), labels, 3.0, 5)
    value, _ = value_and_gradient(FacilityLocation(3.0), labels, x)
    assert value == pytest.approx(loops(x.astype(float), labels, 3.0, medoids), rel=1e-5)


def test_the_search_finds_no_more_than_all_clusterings_have():
    d, gamma = distances(points(0).astype(float)), 2.0
    best = max(
        gamma * delta(d, medoids, LABELS) - travel(d, medoids)
        for medoids in itertools.combinations(range(len(d)), 4)
    )
    value, _ = value_and_gradient(FacilityLocation(gamma), LABELS, points(0))
    assert 0.9 * (best + own_travel(d, LABELS)) < value <= best + own_travel(d, LABELS) + 1e-5


def test_the_gradient_is_a_sum_of_unit_vectors_to_points_and_medoids():
    _, gradient = value_and_gradient(FacilityLocation(20.0), LABELS, points(0))
    np.testing.assert_allclose(gradient.sum(axis=0), 0.0, atol=1e-5)


def test_gamma_can_be_a_variable_that_decays():
    gamma = tf.Variable(4.0)
    run = tf.function(lambda: facility_location(tf.constant(LABELS), points(0), gamma))
    for value in (4.0, 2.0):
        gamma.assign(value)
        medoids = searched(distances(points(0).astype(float)), LABELS, value, 5)
        expected = loops(points(0).astype(float), LABELS, value, medoids)
        assert run().numpy() == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("gamma", [-1.0, float("nan")])
def test_a_gamma_out_of_range_is_refused(gamma):
    with pytest.raises(ValueError, match=r"expected gamma to be 0 or more and finite. Received: "):
        FacilityLocation(gamma)


@pytest.mark.parametrize("rounds", [-1, 1.5])
def test_a_number_of_rounds_that_is_none_is_refused(rounds):
    with pytest.raises(ValueError, match=r"expected rounds to be an integer of 0 or more. Receiv"):
        FacilityLocation(rounds=rounds)
