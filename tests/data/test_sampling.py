"""Orders of an epoch: every image, the make-up of each batch, the same again after a restart."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hsm.data import sampling
from hsm.data.sampling import BatchOrder

LABELS = np.repeat(np.arange(6), [9, 3, 4, 1, 8, 5])


def batches_of(order):
    return np.split(order.indices, np.cumsum(order.sizes)[:-1])


@given(count=st.integers(1, 500), batch_size=st.integers(1, 60))
def test_batches_are_chunks_whose_last_image_never_stands_alone(count, batch_size):
    sizes = [
        len(chunk) for chunk in np.split(np.arange(count), range(batch_size, count, batch_size))
    ]
    if batch_size > 1 and len(sizes) > 1 and sizes[-1] == 1:
        sizes = [*sizes[:-2], sizes[-2] + 1]
    for order in (
        sampling.in_order(count, batch_size),
        sampling.shuffled(np.zeros(count), batch_size=batch_size, seed=1, epoch=2),
    ):
        assert order.sizes.tolist() == sizes
        assert order.steps == len(sizes)
        assert sorted(order.indices) == list(range(count))


@pytest.mark.parametrize("argument", ["num_examples", "batch_size"])
def test_nothing_is_refused(argument):
    arguments = {"num_examples": 5, "batch_size": 5, argument: 0}
    with pytest.raises(ValueError, match=f"expected {argument} to be at least 1. Received: .*=0"):
        sampling.in_order(**arguments)


def test_the_order_is_numpys_permutation():
    """Records of runs rest on it."""
    order = sampling.shuffled(LABELS, batch_size=4, seed=3, epoch=5)
    expected = np.random.default_rng([3, 5]).permutation(len(LABELS))
    np.testing.assert_array_equal(order.indices, expected)


@given(
    counts=st.lists(st.integers(1, 9), min_size=1, max_size=8),
    classes=st.integers(1, 8),
    images=st.integers(1, 4),
    seed=st.integers(0, 9),
)
def test_balanced_batches_hold_p_classes_of_k_images(counts, classes, images, seed):
    classes = min(classes, len(counts))
    labels = np.repeat(np.arange(len(counts)) * 3, counts)
    order = sampling.balanced(labels, classes=classes, images=images, seed=seed, epoch=1)
    assert order.steps == max(1, len(labels) // (classes * images))
    shown = np.zeros(len(counts), int)
    for batch in batches_of(order):
        present, times = np.unique(labels[batch], return_counts=True)
        assert (len(present), set(times)) == (classes, {images})
        shown[present // 3] += 1
        for label in present:
            own = batch[labels[batch] == label]
            if counts[label // 3] >= images:
                assert len(np.unique(own)) == images
    # Classes come round by turns, and a class's images too.
    assert shown.max() - shown.min() <= 1
    times = np.bincount(order.indices, minlength=len(labels))
    for label in np.unique(labels):
        assert np.ptp(times[labels == label]) <= 1


def test_a_restart_draws_the_same_order_and_another_epoch_another():
    def draw(epoch, seed=4):
        return sampling.balanced(LABELS, classes=3, images=2, seed=seed, epoch=epoch).indices

    np.testing.assert_array_equal(draw(1), draw(1))
    assert draw(1).tolist() != draw(2).tolist()
    assert draw(1).tolist() != draw(1, seed=5).tolist()


@pytest.mark.parametrize(
    ("images", "sizes"), [(55_000, [128] * 429), (256, [128] * 2), (129, [128]), (100, [100])]
)
def test_the_last_batch_can_be_left_out_where_it_is_smaller(images, sizes):
    labels = np.zeros(images, int)
    order = sampling.shuffled(labels, batch_size=128, seed=0, epoch=1, keep_last=False)
    assert order.sizes.tolist() == sizes
    whole = sampling.shuffled(labels, batch_size=128, seed=0, epoch=1).indices
    np.testing.assert_array_equal(order.indices, whole[: sum(sizes)])


def test_bounded_classes_take_fewer_where_there_are_fewer():
    order = sampling.bounded_classes(LABELS, classes=4, batch_size=8, seed=0, epoch=0)
    assert {len(np.unique(LABELS[batch])) for batch in batches_of(order)} == {4}
    two = np.repeat([0, 1], 8)
    order = sampling.bounded_classes(two, classes=4, batch_size=8, seed=0, epoch=0)
    assert [len(batch) for batch in batches_of(order)] == [8, 8]
    assert {len(np.unique(two[batch])) for batch in batches_of(order)} == {2}


# Super-classes 0, 1, 2 of three, two and one of the six classes.
SUPER = np.array([0, 0, 0, 1, 1, 2])[LABELS]


def grouped(labels=LABELS, super_classes=SUPER, **changes):
    arguments = {"classes": 2, "batch_size": 10, "seed": 0, "epoch": 1, **changes}
    return sampling.super_class_groups(labels, super_classes, **arguments)


def groups_of(order):
    """The classes of an order's stream, cut where the images of a class are complete."""
    stream, found = order.indices.tolist(), []
    while stream:
        members = np.flatnonzero(LABELS[stream[0]] == LABELS).tolist()
        if stream[: len(members)] != members[: len(stream)]:
            raise AssertionError(f"class {LABELS[stream[0]]} is not whole in {stream}")
        found.append(int(LABELS[stream[0]]))
        stream = stream[len(members) :]
    return found


@settings(deadline=None)
@given(classes=st.integers(1, 4), batch_size=st.integers(1, 40), seed=st.integers(0, 9))
def test_a_group_is_whole_classes_of_two_super_classes(classes, batch_size, seed):
    order = grouped(classes=classes, batch_size=batch_size, seed=seed)
    assert set(order.sizes) == {batch_size}
    assert order.steps == max(1, len(LABELS) // batch_size)
    found = groups_of(order)
    of_class = np.array([0, 0, 0, 1, 1, 2])
    while found:
        first = of_class[found[0]]
        one = min(classes, int((of_class == first).sum()))
        rest = found[one:]
        two = min(classes, int((of_class == of_class[rest[0]]).sum())) if rest else 0
        for part in (found[:one], rest[:two]):
            assert len(set(part)) == len(part)
            assert len(set(of_class[part])) <= 1
        if rest:
            assert of_class[rest[0]] != first
        found = rest[two:]


def test_the_larger_a_super_class_or_class_the_likelier_it_is_drawn():
    labels = np.repeat(np.arange(4), [60, 20, 10, 10])
    drawn = np.zeros(4)
    for epoch in range(400):
        order = grouped(
            labels, np.array([0, 0, 1, 2])[labels], classes=1, batch_size=100, epoch=epoch
        )
        drawn[labels[order.indices[0]]] += 1
    assert np.abs(drawn / 400 - [0.6, 0.2, 0.1, 0.1]).max() < 0.08


def test_groups_follow_from_seed_and_epoch():
    np.testing.assert_array_equal(grouped().indices, grouped().indices)
    assert grouped().indices.tolist() != grouped(epoch=2).indices.tolist()
    assert grouped().indices.tolist() != grouped(seed=1).indices.tolist()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"classes": 0}, "classes to be at least 1.*classes=0"),
        ({"batch_size": 0}, "batch_size to be at least 1.*batch_size=0"),
        ({"super_classes": np.zeros(30, int)}, "two super-classes or more.*Received: 1"),
        ({"super_classes": np.arange(30) % 2}, "to be of one super-class. Received: class 0 in 2"),
        ({"super_classes": SUPER[:9]}, "one super-class an image. Received: 9 .* of 30 images"),
    ],
)
def test_groups_that_cannot_be_are_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        grouped(**changes)


@pytest.mark.parametrize(
    ("function", "arguments", "message"),
    [
        (sampling.balanced, {"classes": 7, "images": 2}, "classes to be 1 to 6.*classes=7"),
        (sampling.balanced, {"classes": 0, "images": 2}, "classes to be 1 to 6.*classes=0"),
        (sampling.balanced, {"classes": 2, "images": 0}, "images to be at least 1.*images=0"),
        (
            sampling.bounded_classes,
            {"classes": 3, "batch_size": 8},
            "multiple of classes.*batch_size=8, classes=3",
        ),
        (sampling.bounded_classes, {"classes": 9, "batch_size": 8}, "multiple of classes"),
    ],
)
def test_numbers_out_of_range_are_refused(function, arguments, message):
    with pytest.raises(ValueError, match=message):
        function(LABELS, seed=0, epoch=0, **arguments)


def test_occurrences_count_what_came_before():
    order = BatchOrder(np.array([3, 1, 3, 3, 0, 1]), np.array([2, 4]))
    assert order.occurrences.tolist() == [0, 0, 1, 2, 0, 1]


@pytest.mark.parametrize("sizes", [[2, 3], [7], [6, 0], [-1, 7]])
def test_sizes_must_sum_to_the_images(sizes):
    with pytest.raises(ValueError, match="positive sizes that sum to the 6 indices"):
        BatchOrder(np.arange(6), np.array(sizes))
