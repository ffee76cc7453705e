"""Closed-form gradients against automatic differentiation in float64 and the paper's limits."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from hsm.analysis import SoftmaxClassifier, gradient_before_normalization
from hsm.layers import TemperatureSoftmaxDense

RNG = np.random.default_rng(0)
F = RNG.normal(size=(7, 5))
W = RNG.normal(size=(5, 4))
B = RNG.normal(size=4)
LABELS = np.array([0, 1, 2, 3, 0, 1, 2])


def unit(x, axis):
    return x / np.linalg.norm(x, axis=axis, keepdims=True)


def tape_gradients(features, *, alpha, scale_bias, normalize=False):
    """Returns p, dl/df [n, k] and dl/dW [n, M, k] by automatic differentiation."""
    f, w = tf.constant(features), tf.constant(np.tile(W, (len(features), 1, 1)))
    with tf.GradientTape(persistent=True) as tape:
        tape.watch([f, w])
        x = f / tf.norm(f, axis=1, keepdims=True) if normalize else f
        z = tf.einsum("nk,nkm->nm", x, w)
        z = alpha * (z + B) if scale_bias else alpha * z + B
        losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=LABELS, logits=z)
    by_weights = np.transpose(tape.gradient(losses, w), (0, 2, 1))
    return tf.nn.softmax(z).numpy(), tape.gradient(losses, f).numpy(), by_weights


@pytest.mark.parametrize("alpha", [0.25, 1.0, 16.0])
@pytest.mark.parametrize("scale_bias", [True, False])
def test_equations_1_3_and_4_equal_automatic_differentiation(alpha, scale_bias):
    classifier = SoftmaxClassifier(W, B, alpha=alpha, scale_bias=scale_bias)
    p, by_features, by_weights = tape_gradients(F, alpha=alpha, scale_bias=scale_bias)
    np.testing.assert_allclose(classifier.probabilities(F), p, rtol=1e-10, atol=1e-14)
    actual = classifier.feature_gradients(F, LABELS)
    np.testing.assert_allclose(actual, by_features, rtol=1e-9, atol=1e-12)
    actual = classifier.weight_gradients(F, LABELS)
    np.testing.assert_allclose(actual, by_weights, rtol=1e-9, atol=1e-12)


def test_equations_11_and_12_equal_automatic_differentiation():
    expected = tape_gradients(F, alpha=4.0, scale_bias=True, normalize=True)[1]
    at_unit_length = SoftmaxClassifier(W, B, alpha=4.0).feature_gradients(unit(F, 1), LABELS)
    actual = gradient_before_normalization(at_unit_length, F)
    np.testing.assert_allclose(actual, expected, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose((actual * F).sum(1), 0.0, atol=1e-12)


@pytest.mark.parametrize("scale_bias", [True, False])
def test_probabilities_equal_the_layers(scale_bias):
    layer = TemperatureSoftmaxDense(4, 4.0, scale_bias=scale_bias, activation="softmax")
    layer.build((None, 5))
    layer.kernel.assign(W)
    layer.bias.assign(B)
    classifier = SoftmaxClassifier(unit(W, 0), B, alpha=4.0, scale_bias=scale_bias)
    np.testing.assert_allclose(layer(F), classifier.probabilities(F), rtol=1e-4, atol=1e-7)


def test_gradients_follow_the_papers_properties():
    features, weights = unit(F, 1), unit(W, 0)
    best = (features @ weights).argmax(1)
    correct = best == np.where(np.arange(7) < 4, best, (best + 1) % 4)
    labels = np.where(correct, best, (best + 1) % 4)

    def norms(alpha):
        classifier = SoftmaxClassifier(weights, None, alpha=alpha)
        by_weights = classifier.weight_gradients(features, labels)
        by_features = classifier.feature_gradients(features, labels)
        return np.linalg.norm(by_features, axis=1), np.linalg.norm(by_weights, axis=2)

    assert all((lengths < 1e-5).all() for lengths in norms(1e-6))  # Property 1.
    (by_features, _), (ten_times, by_weights) = norms(1e3), norms(1e4)
    assert (ten_times[correct] < 1e-9).all()  # Property 2, "correct".
    # Property 2, "incorrect": linear in alpha.
    np.testing.assert_allclose(ten_times[~correct], 10 * by_features[~correct], rtol=1e-6)
    assert (by_weights[correct] < 1e-9).all()  # Property 3.
    hard = by_weights[~correct] > 1.0
    assert (hard.sum(1) == 2).all()  # Only the label's weights and the winner's.


def test_large_logits_do_not_overflow():
    p = SoftmaxClassifier(W, B, alpha=1e6).probabilities(F)
    np.testing.assert_allclose(p.sum(1), 1.0)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"bias": B[:3]}, r"one entry for each of the 4 columns.*shape \(3,\)"),
        ({"labels": LABELS + 1}, r"labels in 0..3.*labels from 1 to 4"),
        ({"labels": LABELS - 1}, r"labels in 0..3.*labels from -1 to 2"),
        ({"features": F[:, :4]}, r"features of 5 dimensions.*features.shape=\(7, 4\)"),
        ({"alpha": -1.0}, r"expected alpha >= 0 and finite. Received: alpha=-1.0"),
        ({"features": F * np.nan}, "features to be finite"),
        ({"weights": W * np.inf}, "weights to be finite"),
    ],
)
def test_refuses_arguments(arguments, message):
    given = {"features": F, "weights": W, "bias": B, "labels": LABELS, "alpha": 1.0} | arguments
    features, labels = given.pop("features"), given.pop("labels")
    with pytest.raises(ValueError, match=message):
        SoftmaxClassifier(**given).feature_gradients(features, labels)


def test_chain_rule_refuses_arguments():
    with pytest.raises(ValueError, match="of the same shape"):
        gradient_before_normalization(F[:3], F)
    zeroed = F.copy()
    zeroed[2] = 0
    with pytest.raises(ValueError, match="zeros in row 2"):
        gradient_before_normalization(F, zeroed)
