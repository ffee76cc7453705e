"""Curves by kind and role against automatic differentiation and a naive loop."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from hsm.analysis import (
    SampleKind,
    SoftmaxClassifier,
    WeightRole,
    gradient_assignment,
    intermediate_alpha,
    sample_kinds,
)

RNG = np.random.default_rng(7)
W = RNG.normal(size=(5, 4))
W /= np.linalg.norm(W, axis=0)
B = 0.1 * RNG.normal(size=4)
LABELS = RNG.integers(0, 4, 60)
F = W.T[LABELS] + 0.5 * RNG.normal(size=(60, 5))
F /= np.linalg.norm(F, axis=1, keepdims=True)
ALPHAS = [0.5, 4.0, 32.0]


def tape_norms(alpha, scale_bias):
    f, w = tf.constant(F), tf.constant(np.tile(W, (len(F), 1, 1)))
    with tf.GradientTape(persistent=True) as tape:
        tape.watch([f, w])
        z = tf.einsum("nk,nkm->nm", f, w)
        z = alpha * (z + B) if scale_bias else alpha * z + B
        losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=LABELS, logits=z)
    by_weights = np.linalg.norm(tape.gradient(losses, w), axis=1)
    return np.linalg.norm(tape.gradient(losses, f), axis=1), by_weights, z.numpy()


@pytest.mark.parametrize("scale_bias", [True, False])
def test_curves_are_medians_of_automatic_gradients(scale_bias):
    classifier = SoftmaxClassifier(W, B, alpha=16.0, scale_bias=scale_bias)
    kinds = sample_kinds(classifier, F, LABELS)
    assert (np.bincount(kinds, minlength=3) >= 3).all()
    found = gradient_assignment(classifier, F, labels=LABELS, alphas=ALPHAS)
    np.testing.assert_array_equal(found.counts, np.bincount(kinds, minlength=3))
    logits = tape_norms(16.0, scale_bias)[2]
    for row, alpha in enumerate(ALPHAS):
        by_features, by_weights, _ = tape_norms(alpha, scale_bias)
        for kind in SampleKind:
            chosen = np.flatnonzero(kinds == kind)
            expected = np.quantile(by_features[chosen], [0.25, 0.5, 0.75])
            np.testing.assert_allclose(found.features[row, kind], expected, rtol=1e-9)
            roles = {role: [] for role in WeightRole}
            for i in chosen:
                order = [m for m in np.argsort(-logits[i]) if m != LABELS[i]]
                roles[WeightRole.OWN].append(by_weights[i, LABELS[i]])
                roles[WeightRole.HARDEST].append(by_weights[i, order[0]])
                roles[WeightRole.OTHER] += [by_weights[i, m] for m in order[1:]]
            for role, norms in roles.items():
                assert found.weights[row, kind, role] == pytest.approx(np.median(norms), rel=1e-9)


def test_what_is_not_there_is_nan():
    found = gradient_assignment(SoftmaxClassifier(np.eye(2)), np.eye(2), labels=[0, 1], alphas=[1])
    assert list(found.counts) == [0, 0, 2]
    assert np.isnan(found.median(SampleKind.BOUNDARY)).all()
    assert np.isnan(found.weights[:, SampleKind.CENTROID, WeightRole.OTHER]).all()


def test_intermediate_alpha_of_two_known_curves():
    """The curve alpha / (1 + exp(alpha d)) peaks at 1.278 / d, here d = 0.1 and 1."""
    alphas = np.logspace(-1, 2.1, 400)
    boundary, centroid = (alphas / (1 + np.exp(alphas * d)) for d in (0.1, 1.0))
    found = intermediate_alpha(alphas, boundary, centroid)
    assert found.best == pytest.approx(12.78, rel=0.02)
    assert found.centroid_peak == pytest.approx(1.278, rel=0.02)
    inside = (alphas >= found.low) & (alphas <= found.high)
    advantage = boundary - centroid
    np.testing.assert_array_equal(inside, advantage >= advantage.max() / 2)
    assert found.place(found.best) == "intermediate"
    assert found.place(found.low / 2) == "small"
    assert found.place(found.high * 2) == "large"


def test_intermediate_alpha_without_centroid_or_boundary_samples():
    alphas, nothing = np.array([1.0, 2.0, 4.0]), np.full(3, np.nan)
    found = intermediate_alpha(alphas, [1.0, 3.0, 1.0], nothing)
    assert (found.low, found.best, found.high, found.centroid_peak) == (2.0, 2.0, 2.0, None)
    assert intermediate_alpha(alphas, nothing, [1.0, 1.0, 1.0]) is None
    assert intermediate_alpha(alphas, [1.0, 1.0, 1.0], [2.0, 2.0, 2.0]) is None


def test_intermediate_alpha_refuses_arguments():
    with pytest.raises(ValueError, match="vectors of one length"):
        intermediate_alpha([1.0, 2.0], [1.0], [1.0, 2.0])
    with pytest.raises(ValueError, match="positive and ascending"):
        intermediate_alpha([2.0, 1.0], [1.0, 1.0], [1.0, 1.0])
