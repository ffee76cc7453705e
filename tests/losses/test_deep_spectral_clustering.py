"""The spectral loss against NumPy's pseudo-inverse and torch's gradient through its own."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf
from support.loss_gradients import check_against, value_and_gradient

from hsm.losses import DeepSpectralClustering

LABELS = np.array([0, 0, 0, 1, 1, 2, 2, 2, 3, 3])
SAME = (LABELS[:, None] == LABELS[None]) / np.bincount(LABELS)[LABELS]


def points(seed):
    return np.random.default_rng(seed).normal(size=(10, 4)).astype(np.float32)


def value_by_pinv(x):
    return 4.0 - np.trace(SAME @ x @ np.linalg.pinv(x))


def gradient_by_pinv(x):
    inverse = np.linalg.pinv(x)
    return -2.0 * (np.eye(len(x)) - x @ inverse) @ SAME @ inverse.T


@pytest.mark.parametrize("seed", [0, 1])
def test_value_and_gradient_are_those_of_the_formula(seed):
    check_against(value_by_pinv, DeepSpectralClustering(), LABELS, points(seed))
    _, gradient = value_and_gradient(DeepSpectralClustering(), LABELS, points(seed))
    np.testing.assert_allclose(gradient, gradient_by_pinv(points(seed).astype(float)), atol=1e-5)


def test_it_is_torchs_gradient_through_the_pseudo_inverse():
    # torch 2.13.0, float64, y one-hot: C = y @ torch.linalg.pinv(y), and the gradient of
    # 4 - torch.trace(C @ F @ torch.linalg.pinv(F)) at F = points(0)
    value, gradient = value_and_gradient(DeepSpectralClustering(), LABELS, points(0))
    assert value == pytest.approx(2.2698350152694964, rel=1e-5)
    assert np.linalg.norm(gradient) == pytest.approx(0.7199647497188355, rel=1e-5)
    first = [0.06409821150127905, 0.023933395464859397, 0.040756791646924806, -0.09947237550731586]
    np.testing.assert_allclose(gradient[0], first, atol=1e-6)


@pytest.mark.parametrize("scale", [1e-6, 1e6])
def test_it_is_the_same_for_any_basis_of_the_span(scale):
    basis = scale * np.random.default_rng(2).normal(size=(4, 4))
    value, _ = value_and_gradient(
        DeepSpectralClustering(), LABELS, (points(0) @ basis).astype(np.float32)
    )
    assert value == pytest.approx(value_by_pinv(points(0).astype(float)), rel=1e-4)


def test_directions_that_rounding_alone_fills_count_nothing():
    x = points(0)
    x[:, 3] = x[:, :3] @ [1.0, -2.0, 0.5]
    value, gradient = value_and_gradient(DeepSpectralClustering(), LABELS, x)
    assert value == pytest.approx(value_by_pinv(x[:, :3].astype(float)), rel=1e-4)
    assert np.abs(gradient).max() < 10.0


def test_indicators_among_the_embeddings_give_zero():
    value, gradient = value_and_gradient(
        DeepSpectralClustering(), LABELS, np.eye(4, dtype=np.float32)[LABELS]
    )
    assert value == pytest.approx(0.0, abs=1e-5)
    np.testing.assert_allclose(gradient, 0.0, atol=1e-5)


def test_embeddings_of_zero_give_the_number_of_classes():
    value, gradient = value_and_gradient(
        DeepSpectralClustering(), LABELS, np.zeros((10, 4), np.float32)
    )
    assert value == pytest.approx(4.0)
    np.testing.assert_array_equal(gradient, 0.0)


def test_a_batch_that_is_not_larger_than_the_dimension_is_refused():
    message = r"expected more images in a batch than .* dimensions, .* Received: shape=\(4, 4\)"
    with pytest.raises(ValueError, match=message):
        DeepSpectralClustering()(LABELS[:4], points(0)[:4])


def test_it_is_refused_where_only_the_running_graph_knows():
    run = tf.function(
        DeepSpectralClustering(),
        input_signature=[tf.TensorSpec([None], tf.int32), tf.TensorSpec([None, 4])],
    )
    run(LABELS, points(0))
    with pytest.raises(tf.errors.InvalidArgumentError, match="expected more images in a batch"):
        run(LABELS[:4], points(0)[:4])


@pytest.mark.parametrize("threshold", [0.0, 1.0, float("nan")])
def test_a_threshold_out_of_range_is_refused(threshold):
    with pytest.raises(ValueError, match=r"expected threshold to be positive and less than 1"):
        DeepSpectralClustering(threshold)


def test_the_gradient_is_the_same_on_a_tape_outside_of_a_graph_of_any_batch_size():
    embeddings = tf.Variable(np.random.default_rng(0).normal(size=(6, 3)).astype(np.float32))
    labels, loss = np.array([0, 0, 1, 1, 2, 2]), DeepSpectralClustering()
    signature = [tf.TensorSpec([None], tf.int64), tf.TensorSpec([None, 3], tf.float32)]
    anyhow = tf.function(loss, input_signature=signature)
    with tf.GradientTape() as tape:
        value = anyhow(labels, embeddings)
    wanted, gradient = value_and_gradient(loss, labels, embeddings.numpy())
    np.testing.assert_allclose(value, wanted, rtol=1e-5)
    np.testing.assert_allclose(tape.gradient(value, embeddings), gradient, rtol=1e-4, atol=1e-5)
