"""What is dropped follows from seed, call and place in the batch."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from hsm.layers import ExampleDropout

ONES = np.ones((6, 40), np.float32)


def _drawn(inputs, calls=1, **arguments):
    layer = ExampleDropout(**{"rate": 0.25, "seed": 1, **arguments})
    return [np.asarray(layer(inputs, training=True)) for _ in range(calls)]


def test_nothing_is_dropped_in_inference():
    np.testing.assert_array_equal(ExampleDropout(0.5)(ONES), ONES)


def test_the_share_is_dropped_and_the_rest_enlarged():
    (found,) = _drawn(np.ones((50, 400), np.float32))
    assert set(np.unique(found)) == {np.float32(0.0), np.float32(1 / 0.75)}
    assert (found == 0).mean() == pytest.approx(0.25, abs=0.02)


def test_an_example_s_draw_is_that_of_its_place_whatever_follows():
    np.testing.assert_array_equal(_drawn(ONES)[0][:2], _drawn(ONES[:2])[0])


def test_calls_seeds_and_examples_differ():
    first, second = _drawn(ONES, calls=2)
    assert not np.array_equal(first, second)
    assert not np.array_equal(first, _drawn(ONES, seed=2)[0])
    assert not np.array_equal(first[0], first[1])


def test_a_noise_shape_is_shared():
    (found,) = _drawn(np.ones((4, 5, 6), np.float32), noise_shape=(None, 1, 6), rate=0.5)
    assert (found == found[:, :1]).all()
    (found,) = _drawn(ONES, noise_shape=(1, 40), rate=0.5)
    assert (found == found[:1]).all()


def test_everything_can_be_dropped():
    np.testing.assert_array_equal(_drawn(ONES, rate=1.0)[0], 0 * ONES)


def test_the_state_is_that_of_keras_dropout():
    ours, keras_s = ExampleDropout(0.5, seed=1), keras.layers.Dropout(0.5, seed=1)
    for _ in range(2):
        ours(ONES, training=True)
        keras_s(ONES, training=True)
    (state,), (expected,) = ours.variables, keras_s.variables
    np.testing.assert_array_equal(np.asarray(state), np.asarray(expected))
