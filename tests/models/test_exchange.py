"""Exchanging batch normalisations changes the moving variance and nothing else."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from hsm.layers import ExampleDropout, UnbiasedBatchNormalization
from hsm.models import ConvNet, with_example_dropout, with_unbiased_variance
from hsm.training.variable_names import model_variables

IMAGES = np.random.default_rng(0).integers(0, 256, size=(4, 14, 14, 3)).astype(np.float32)


def norms(model):
    return [x for x in model.layers if isinstance(x, keras.layers.BatchNormalization)]


@pytest.mark.parametrize("dtype", [None, "mixed_bfloat16"])
def test_names_weights_policies_and_outputs_stay(dtype):
    plain = ConvNet((14, 14, 3), dtype, seed=1)
    expected, weights = plain(IMAGES), plain.get_weights()
    unbiased = with_unbiased_variance(plain)
    assert unbiased.name == plain.name
    assert [layer.name for layer in unbiased.layers] == [layer.name for layer in plain.layers]
    assert [x.dtype_policy.name for x in unbiased.layers] == [
        x.dtype_policy.name for x in plain.layers
    ]
    for ours, theirs in zip(unbiased.get_weights(), weights, strict=True):
        np.testing.assert_array_equal(ours, theirs)
    np.testing.assert_array_equal(unbiased(IMAGES), expected)
    assert all(type(layer) is UnbiasedBatchNormalization for layer in norms(unbiased))
    assert len(norms(unbiased)) == 4


def test_the_moving_variances_differ_by_n_over_n_minus_one():
    plain = ConvNet((14, 14, 3), seed=1)
    unbiased = with_unbiased_variance(ConvNet((14, 14, 3), seed=1))
    for model in (plain, unbiased):
        model(IMAGES, training=True)
    # Averages start at 1 and keep 0.95 of it.
    added = [[np.asarray(x.moving_variance) - 0.95 for x in norms(m)] for m in (unbiased, plain)]
    for ours, kerass, side in zip(*added, (14, 7, 4, 2), strict=True):
        n = 4 * side * side
        used = kerass > 1e-3
        np.testing.assert_allclose(ours[used] / kerass[used], n / (n - 1), rtol=1e-3)


def test_a_model_within_the_model_is_reached():
    inputs = keras.Input((14, 14, 3))
    outer = keras.Model(inputs, ConvNet((14, 14, 3), seed=1)(inputs))
    expected = outer(IMAGES)
    found = with_unbiased_variance(outer)
    np.testing.assert_array_equal(found(IMAGES), expected)
    (inner,) = [layer for layer in found.layers if isinstance(layer, keras.Model)]
    assert all(type(layer) is UnbiasedBatchNormalization for layer in norms(inner))


def test_a_backbone_without_batch_normalisation_is_returned_as_it_is():
    model = keras.Sequential([keras.Input((4, 4, 3)), keras.layers.Flatten()])
    assert with_unbiased_variance(model) is model


class _Subclassed(keras.Model):
    def __init__(self):
        super().__init__()
        self.norm = keras.layers.BatchNormalization()

    def call(self, images):
        return self.norm(images)


def test_a_subclassed_model_is_refused():
    with pytest.raises(ValueError, match="expected a functional or sequential.*: _Subclassed"):
        with_unbiased_variance(_Subclassed())


def _with_dropout():
    inputs = keras.Input((14, 14, 3))
    x = keras.layers.Dropout(0.5)(keras.layers.Flatten()(inputs))
    return keras.Model(inputs, keras.layers.Dense(4)(x))


def test_dropout_keeps_its_variables_names():
    """So that checkpoints of a network with dropout can still be read."""
    plain = _with_dropout()
    names, expected = set(model_variables(plain)), plain(IMAGES)
    ours = with_example_dropout(plain)
    assert any(type(layer) is ExampleDropout for layer in ours.layers)
    assert set(model_variables(ours)) == names
    np.testing.assert_array_equal(ours(IMAGES), expected)


def test_a_backbone_without_dropout_is_returned():
    plain = ConvNet((14, 14, 3), seed=1)
    assert with_example_dropout(plain) is plain
