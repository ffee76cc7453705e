"""What may differ in a head: where it goes, and that it survives saving."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from hsm.models import ConvNet, EmbeddingModel, HeadOptions

IMAGES = np.random.default_rng(0).integers(0, 256, size=(4, 14, 14, 3)).astype(np.float32)
CHANGED = {
    "LN": HeadOptions(learn_alpha=True, norm_term=False),
    "BN": HeadOptions(learn_alpha=True, unbiased_variance=True),
}


def make(method, options=None):
    backbone = ConvNet((14, 14, 3), seed=1)
    return EmbeddingModel(backbone, method, num_classes=3, embedding_dim=5, seed=0, options=options)


def test_the_defaults_are_the_papers_methods():
    model = make("LN")
    assert model.normalization.norm_term
    assert not model.alpha.trainable
    assert not make("BN").normalization.unbiased_variance


@pytest.mark.parametrize("method", CHANGED)
def test_options_reach_their_layers_and_leave_the_logits(method):
    model, plain = make(method, CHANGED[method]), make(method)
    assert model.alpha.trainable
    if method == "LN":
        assert not model.normalization.norm_term
    else:
        assert model.normalization.unbiased_variance
    np.testing.assert_array_equal(model(IMAGES), plain(IMAGES))


@pytest.mark.parametrize("method", CHANGED)
def test_options_survive_a_keras_file(method, tmp_path):
    model = make(method, CHANGED[method])
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert loaded.options == CHANGED[method]
    np.testing.assert_array_equal(loaded(IMAGES), model(IMAGES))


@pytest.mark.parametrize(
    ("method", "options", "message"),
    [
        (
            "SM",
            HeadOptions(learn_alpha=True),
            "learn_alpha=True with LN or BN.*method='SM'",
        ),
        ("SM", HeadOptions(norm_term=False), "expected norm_term=False with LN.*method='SM'"),
        ("BN", HeadOptions(norm_term=False), "expected norm_term=False with LN.*method='BN'"),
    ],
)
def test_options_that_contradict_the_method_are_refused(method, options, message):
    with pytest.raises(ValueError, match=message):
        make(method, options)
