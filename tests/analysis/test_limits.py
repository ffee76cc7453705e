"""Limits of section 3.2 and appendix B against automatic differentiation far out, and by hand."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from hsm.analysis import (
    feature_gradient_at_infinite_norm,
    feature_gradient_norms_at_infinity,
    probabilities_at_infinity,
    probabilities_at_zero,
    weight_gradient_norms_at_infinity,
)

RNG = np.random.default_rng(1)
F = RNG.normal(size=(40, 6))
F /= np.linalg.norm(F, axis=1, keepdims=True)
W = RNG.normal(size=(6, 5))
W /= np.linalg.norm(W, axis=0)
LABELS = RNG.integers(0, 5, 40)
Z = F @ W
CORRECT = Z.argmax(axis=1) == LABELS
# Two equal largest logits, three, and a label among them or not.
TIED = np.array([[1.0, 1.0, 0.0], [1.0, 1.0, 0.0], [2.0, 2.0, 2.0], [0.0, 1.0, 0.5]])
TIED_LABELS = np.array([0, 2, 1, 1])


def tape(alpha=1.0, norm=1.0):
    """Returns p [n, M], ||dl/df|| [n] and ||dl/dw_m|| [n, M] by automatic differentiation."""
    f, w = tf.constant(norm * F), tf.constant(np.tile(W, (len(F), 1, 1)))
    with tf.GradientTape(persistent=True) as recorded:
        recorded.watch([f, w])
        z = alpha * tf.einsum("nk,nkm->nm", f, w)
        losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=LABELS, logits=z)
    by_features = np.linalg.norm(recorded.gradient(losses, f), axis=1)
    by_weights = np.linalg.norm(recorded.gradient(losses, w), axis=1)
    return tf.nn.softmax(z).numpy(), by_features, by_weights


def test_there_are_samples_of_both_sorts():
    assert 5 <= CORRECT.sum() <= 35


@pytest.mark.parametrize("far", [{"alpha": 1e6}, {"norm": 1e6}])
def test_equations_5_and_15_are_what_large_numbers_approach(far):
    np.testing.assert_allclose(tape(**far)[0], probabilities_at_infinity(Z), atol=1e-12)


def test_equation_5_at_zero():
    np.testing.assert_allclose(tape(alpha=1e-9)[0], probabilities_at_zero(Z), atol=1e-8)


def test_equation_5_shares_among_equal_logits():
    expected = [[0.5, 0.5, 0], [0.5, 0.5, 0], [1 / 3] * 3, [0, 1, 0]]
    np.testing.assert_allclose(probabilities_at_infinity(TIED), expected)


def test_property_1_gradients_vanish_with_alpha():
    _, by_features, by_weights = tape(alpha=1e-9)
    assert by_features.max() < 1e-8
    assert by_weights.max() < 1e-8


def test_property_2_against_automatic_differentiation():
    limit = feature_gradient_norms_at_infinity(Z, LABELS, W)
    np.testing.assert_array_equal(limit, np.where(CORRECT, 0.0, np.inf))
    near, far = tape(alpha=1e5)[1], tape(alpha=1e6)[1]
    assert (far[limit == 0] < 1e-12).all()
    np.testing.assert_allclose(far[limit > 0], 10 * near[limit > 0], rtol=1e-9)


def test_property_2_has_the_special_case_of_the_footnote():
    """The sample's weight equals that of the largest logit: the terms cancel."""
    same = np.column_stack([W[:, 0], W[:, 0], W[:, 1]])
    limit = feature_gradient_norms_at_infinity([[1.0, 1.0, 0.0]], [0], same)
    np.testing.assert_array_equal(limit, [0.0])


@pytest.mark.parametrize("far", ["alpha", "norm"])
def test_property_3_and_equations_18_and_19_against_automatic_differentiation(far):
    limit = weight_gradient_norms_at_infinity(Z, LABELS)
    near, farther = tape(**{far: 1e5})[2], tape(**{far: 1e6})[2]
    assert (farther[limit == 0] < 1e-12).all()
    np.testing.assert_allclose(farther[limit > 0], 10 * near[limit > 0], rtol=1e-9)
    assert (limit[CORRECT] == 0).all()
    assert ((limit[~CORRECT] > 0).sum(axis=1) == 2).all()


def test_property_3_with_equal_logits():
    """A tie is "incorrect" (z_m >= z_y): the own weight and all the largest are pulled."""
    expected = [[np.inf, np.inf, 0], [np.inf] * 3, [np.inf] * 3, [0, 0, 0]]
    found = weight_gradient_norms_at_infinity(TIED, TIED_LABELS)
    np.testing.assert_array_equal(found, expected)


def test_equation_16_approaches_a_constant():
    limit = feature_gradient_at_infinite_norm(Z, LABELS, W)
    np.testing.assert_allclose(tape(norm=1e6)[1], np.linalg.norm(limit, axis=1), atol=1e-9)
    assert (np.linalg.norm(limit[~CORRECT], axis=1) > 0.1).all()
    np.testing.assert_array_equal(limit[CORRECT], 0.0)


def test_arguments_are_refused_in_sentences():
    with pytest.raises(ValueError, match="at least two classes"):
        weight_gradient_norms_at_infinity([[1.0]], [0])
    with pytest.raises(ValueError, match=r"labels in 0..4.*labels from 0 to 5"):
        feature_gradient_norms_at_infinity(Z[:2], [0, 5], W)
    with pytest.raises(ValueError, match="a column of weights for each column of logits"):
        feature_gradient_at_infinite_norm(Z, LABELS, W[:, :3])
    with pytest.raises(ValueError, match="logits to be finite"):
        probabilities_at_infinity(Z * np.nan)
