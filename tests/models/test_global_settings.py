"""Keras's global settings, as keras.json makes them, change no backbone and no layer."""

from __future__ import annotations

from contextlib import contextmanager

import keras
import numpy as np
import pytest
import tensorflow as tf

from hsm.layers import CeilMaxPooling2D
from hsm.models import EmbeddingModel, build_backbone
from hsm.models.porting import Port, ported


@contextmanager
def settings(*, data_format="channels_first", floatx="float16"):
    """Keras as in a program whose user has set it otherwise."""
    keras.config.set_image_data_format(data_format)
    keras.config.set_floatx(floatx)
    try:
        yield
    finally:
        keras.config.set_image_data_format("channels_last")
        keras.config.set_floatx("float32")


def images(size):
    return np.random.default_rng(0).uniform(0, 255, (2, size, size, 3)).astype(np.float32)


@pytest.mark.parametrize(
    ("name", "size", "floatx"),
    [
        ("convnet", 28, "float16"),
        ("convnet", 28, "float64"),
        ("lenet", 28, "float16"),
        ("keras:MobileNetV2", 32, "float16"),
    ],
)
def test_a_backbone_computes_the_same(name, size, floatx):
    plain = build_backbone(name, size, dtype="float32")
    with settings(floatx=floatx):
        other = build_backbone(name, size, dtype="float32")
        assert keras.config.image_data_format() == "channels_first"
        assert keras.config.floatx() == floatx
        other.set_weights(plain.get_weights())
        features = other(images(size))
    assert features.dtype == "float32"
    np.testing.assert_array_equal(features, plain(images(size)))


@pytest.mark.parametrize("name", ["googlenet", "inception_v1", "torchvision_googlenet"])
def test_every_layer_has_its_channels_last(name):
    with settings():
        backbone = build_backbone(name, 48, dtype="float32")
    formats = [getattr(layer, "data_format", "channels_last") for layer in backbone.layers]
    assert set(formats) == {"channels_last"}
    assert {layer.compute_dtype for layer in backbone.layers} == {"float32"}
    assert backbone.output_shape == (None, 1024)


@pytest.mark.parametrize("method", ["SM", "LN", "BN"])
def test_a_method_and_its_gradients_are_the_same(method):
    def outcome():
        model = EmbeddingModel(
            build_backbone("convnet", 28, dtype="float32", seed=0), method, num_classes=3, seed=0
        )
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(model(images(28), training=True) ** 2)
        return [loss, *tape.gradient(loss, model.trainable_variables)]

    plain = outcome()
    with settings():
        other = outcome()
    for expected, found in zip(plain, other, strict=True):
        np.testing.assert_array_equal(found, expected)


def test_a_port_pools_the_same_places():
    inputs = keras.Input((7, 7, 3))
    x = CeilMaxPooling2D(3, 2)(inputs)
    model = keras.Model(inputs, x)
    with settings():
        same = ported(model, Port(pooling="same"))
    assert same(images(7)).shape == (2, 4, 4, 3)
