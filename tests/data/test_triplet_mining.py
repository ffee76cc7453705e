"""Triplets at random and mined, the walk against one that goes step by step."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hsm.data.triplet_mining import mined_triplets, random_triplets, triplet_order, walk

LABELS = np.repeat([4, 0, 7, 2, 9], [9, 3, 14, 1, 8])


def drawn(labels=LABELS, *, batch_size=12, seed=0, epoch=3):
    return random_triplets(labels, batch_size=batch_size, seed=seed, epoch=epoch)


def points(seed, dimension=3):
    x = np.random.default_rng(seed).normal(size=(len(LABELS), dimension))
    return x / np.linalg.norm(x, axis=1, keepdims=True)


def assert_are_triplets(labels, triplets):
    anchors, positives, negatives = triplets.T
    assert (labels[anchors] == labels[positives]).all()
    assert (anchors != positives).all()
    assert (labels[anchors] != labels[negatives]).all()


@settings(deadline=None)
@given(
    counts=st.lists(st.integers(1, 6), min_size=2, max_size=6).filter(lambda c: max(c) > 1),
    batch_size=st.integers(3, 14),
    seed=st.integers(0, 5),
)
def test_random_triplets_are_triplets_of_an_epochs_images(counts, batch_size, seed):
    labels = np.random.default_rng(seed).permutation(np.repeat(np.arange(len(counts)) * 3, counts))
    triplets = drawn(labels, batch_size=batch_size, seed=seed)
    assert_are_triplets(labels, triplets)
    in_batch = batch_size // 3
    assert len(triplets) == max(1, len(labels) // (3 * in_batch)) * in_batch
    times = np.bincount(triplets[:, 0], minlength=len(labels))
    can = np.bincount(labels)[labels] > 1
    assert np.ptp(times[can]) <= 1
    assert not times[~can].any()


def test_random_triplets_draw_every_image_that_they_can():
    partners = [set(), set()]
    for epoch in range(200):
        for anchor, *others in drawn(epoch=epoch):
            if anchor == 10:
                for found, other in zip(partners, others, strict=True):
                    found.add(int(other))
    own = {9, 10, 11}
    assert partners[0] == own - {10}
    assert len(partners[1]) > 20
    assert not partners[1] & own


def test_seed_and_epoch_decide():
    np.testing.assert_array_equal(drawn(), drawn())
    assert drawn().tolist() != drawn(epoch=4).tolist()
    assert drawn().tolist() != drawn(seed=1).tolist()


@pytest.mark.parametrize("labels", [np.zeros(6, int), np.arange(6)])
def test_labels_without_a_triplet_are_refused(labels):
    with pytest.raises(ValueError, match=r"two classes or more, of which one has two images.*6 im"):
        drawn(labels)


def test_a_batch_without_a_triplet_is_refused():
    with pytest.raises(ValueError, match=r"at least 3, a triplet. Received: batch_size=2"):
        drawn(batch_size=2)


def test_a_batch_is_anchors_then_positives_then_negatives():
    triplets = np.arange(18).reshape(6, 3)
    order = triplet_order(triplets, 11)
    assert order.sizes.tolist() == [9, 9]
    assert order.indices.tolist() == [0, 3, 6, 1, 4, 7, 2, 5, 8, 9, 12, 15, 10, 13, 16, 11, 14, 17]


def step_by_step(right, squared, kappa):
    """The walk in the paper's words: valid negatives, and positives with those seen before them."""
    bound, valid, stored = None, [], []
    for place, (is_positive, distance) in enumerate(zip(right, squared, strict=True)):
        if bound is None:
            if is_positive:
                bound = kappa * distance
        elif distance >= bound:
            if is_positive:
                stored.append((place, list(valid)))
            else:
                valid.append(place)
    pairs = []
    for negative in valid:
        later = [positive for positive, before in stored if negative in before]
        pairs.append((later[0] if later else None, negative))
    return pairs


@settings(deadline=None)
@given(
    right=st.lists(st.booleans(), min_size=1, max_size=20),
    kappa=st.sampled_from([0.0, 1.0, 1.5, 3.0, 100.0]),
    seed=st.integers(0, 9),
)
def test_the_walk_goes_step_by_step(right, kappa, seed):
    squared = np.sort(np.random.default_rng(seed).integers(0, 8, len(right)) / 4)
    assert list(walk(np.array(right), squared, kappa)) == step_by_step(right, squared, kappa)


def test_a_walk_by_hand():
    right = np.array([0, 1, 0, 0, 1, 0, 1, 0], bool)
    squared = np.array([0.1, 0.2, 0.3, 0.5, 0.6, 0.7, 0.8, 0.9])
    assert list(walk(right, squared, 1.0)) == [(4, 2), (4, 3), (6, 5), (None, 7)]
    assert list(walk(right, squared, 3.2)) == [(6, 5), (None, 7)]
    assert not list(walk(right, squared, 5.0))


@pytest.mark.parametrize("neighbours", [5, 12, 1000])
@pytest.mark.parametrize("kappa", [1.0, 2.0, 1e6])
def test_mined_triplets_are_those_of_brute_force(kappa, neighbours):
    x, start = points(1), np.concatenate([drawn(), drawn(epoch=4)])
    found = mined_triplets(x, LABELS, start, kappa=kappa, neighbours=neighbours, seed=(0, 3))
    assert_are_triplets(LABELS, found)
    np.testing.assert_array_equal(found[:, 0], start[:, 0])
    again = mined_triplets(x, LABELS, start, kappa=kappa, neighbours=neighbours, seed=(0, 3))
    np.testing.assert_array_equal(found, again)
    used = dict.fromkeys(start[:, 0].tolist(), 0)
    for random, mined in zip(start, found, strict=True):
        anchor = int(random[0])
        squared = np.square(x - x[anchor]).sum(axis=1)
        squared[anchor] = np.inf
        near = np.argsort(squared)[: min(neighbours, len(x) - 1)]
        pairs = step_by_step(LABELS[near] == LABELS[anchor], squared[near], kappa)
        if used[anchor] >= len(pairs):
            np.testing.assert_array_equal(mined, random)
            continue
        positive, negative = pairs[used[anchor]]
        used[anchor] += 1
        assert mined[2] == near[negative]
        outside = np.setdiff1d(np.flatnonzero(LABELS[anchor] == LABELS), [anchor, *near])
        if positive is not None:
            assert mined[1] == near[positive]
        elif len(outside):
            assert mined[1] in outside


def test_a_small_bound_mines_and_a_large_one_does_not():
    start = drawn()

    def changed(kappa):
        found = mined_triplets(points(1), LABELS, start, kappa=kappa, neighbours=99, seed=(0, 3))
        return np.mean((found != start).any(axis=1))

    assert changed(1.0) > 0.8 > changed(6.0) > changed(1e6) == 0
