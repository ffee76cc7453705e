"""Section 3.3: with normalised features dl/df is orthogonal to f, without it is not."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from hsm.analysis import norms_after_step, radial_cosines

RNG = np.random.default_rng(3)
F = 2 * RNG.normal(size=(11, 5))
W = RNG.normal(size=(5, 4))
LABELS = RNG.integers(0, 4, 11)


def gradients(normalize):
    f = tf.constant(F)
    with tf.GradientTape() as tape:
        tape.watch(f)
        x = tf.nn.l2_normalize(f, axis=1) if normalize else f
        losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=LABELS, logits=4 * x @ W)
    return tape.gradient(losses, f).numpy()


def test_gradients_through_the_normalisation_are_orthogonal():
    np.testing.assert_allclose(radial_cosines(gradients(normalize=True), F), 0.0, atol=1e-12)
    assert np.abs(radial_cosines(gradients(normalize=False), F)).max() > 0.1


def test_a_step_lengthens_a_feature_by_the_square_alone():
    slopes = gradients(normalize=True)
    for step in (0.004, 1.0):
        expected = np.linalg.norm(F - step * slopes, axis=1)
        np.testing.assert_allclose(norms_after_step(slopes, F, step=step), expected, rtol=1e-12)


def test_parallel_and_zero_vectors():
    np.testing.assert_allclose(radial_cosines([[2.0, 0.0], [0.0, 0.0]], [[-3.0, 0.0]] * 2), [-1, 0])


def test_arguments_are_refused_in_sentences():
    with pytest.raises(ValueError, match="expected gradients orthogonal"):
        norms_after_step(gradients(normalize=False), F, step=0.1)
    with pytest.raises(ValueError, match="of the same shape"):
        radial_cosines(F[:2], F)
    with pytest.raises(ValueError, match="step to be finite"):
        norms_after_step(F * 0, F, step=np.nan)
