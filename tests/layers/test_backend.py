"""What calls TensorFlow itself is not made under another backend of Keras."""

from __future__ import annotations

import keras
import pytest
from support.tiny_model import make_model

from hsm import layers
from hsm.training.step import TrainStep


@pytest.mark.parametrize(
    "make",
    [
        layers.BGRPixels,
        layers.CeilMaxPooling2D,
        layers.LocalResponseNormalization,
        lambda: TrainStep(make_model(), keras.optimizers.SGD()),
    ],
)
def test_it_says_which_backend_it_needs(make, monkeypatch):
    make()
    monkeypatch.setattr(keras.config, "backend", lambda: "jax")
    with pytest.raises(RuntimeError, match="expected Keras on TensorFlow for .*Received: .* jax"):
        make()
