"""Equations 14, 16 and 17 against automatic differentiation in float64."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from hsm.analysis import (
    SoftmaxClassifier,
    gradient_norms_against_norm,
    l2_normalize,
    probabilities_at_norm,
)

RNG = np.random.default_rng(2)
F = 3 * RNG.normal(size=(9, 4))
W = RNG.normal(size=(4, 3))
B = RNG.normal(size=3)
LABELS = RNG.integers(0, 3, 9)


@pytest.mark.parametrize("bias", [None, B])
@pytest.mark.parametrize("norm", [0.3, 1.0, 20.0])
def test_curves_equal_automatic_differentiation(bias, norm):
    classifier = SoftmaxClassifier(W, bias)
    lengths = np.linalg.norm(F, axis=1, keepdims=True)
    f, w = tf.constant(norm * F / lengths), tf.constant(np.tile(W, (len(F), 1, 1)))
    with tf.GradientTape(persistent=True) as tape:
        tape.watch([f, w])
        z = tf.einsum("nk,nkm->nm", f, w) + (0.0 if bias is None else bias)
        losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=LABELS, logits=z)
    p = probabilities_at_norm(classifier, F, norm)
    np.testing.assert_allclose(p, tf.nn.softmax(z), rtol=1e-10)
    curves = gradient_norms_against_norm(classifier, F, labels=LABELS, norms=[0.1, norm])
    expected = np.linalg.norm(tape.gradient(losses, f), axis=1)
    np.testing.assert_allclose(curves.features[1], expected, rtol=1e-9, atol=1e-12)
    own = np.linalg.norm(tape.gradient(losses, w), axis=1)[np.arange(9), LABELS]
    np.testing.assert_allclose(curves.own_weights[1], own, rtol=1e-9, atol=1e-12)
    np.testing.assert_array_equal(curves.norms, [0.1, norm])


def test_arguments_are_refused_in_sentences():
    classifier = SoftmaxClassifier(W)
    with pytest.raises(ValueError, match="zeros in row 1"):
        l2_normalize([[1.0, 0.0], [0.0, 0.0]])
    with pytest.raises(ValueError, match=r"norm > 0 and finite. Received: norm=0"):
        probabilities_at_norm(classifier, F, 0)
    with pytest.raises(ValueError, match="labels in 0..2"):
        gradient_norms_against_norm(classifier, F, labels=LABELS + 3, norms=[1.0])
