"""A backbone of KerasHub, saved as a `.keras` file, trains and is exported as any other."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf

from hsm.export import export_saved_model
from hsm.layers import L2Normalize, TemperatureSoftmaxDense
from hsm.models import EmbeddingModel, build_backbone
from hsm.schedules import HeatUp
from hsm.training import HeatUpCallback

SIDE, CLASSES = 32, 3


@pytest.fixture(scope="module")
def features():
    """A small ResNet with random weights, from RGB values 0 to 255 to pooled features."""
    hub = pytest.importorskip("keras_hub")
    keras.utils.set_random_seed(0)
    body = hub.models.ResNetBackbone(
        input_conv_filters=[64],
        input_conv_kernel_sizes=[3],
        stackwise_num_filters=[64, 64],
        stackwise_num_blocks=[1, 1],
        stackwise_num_strides=[1, 2],
        block_type="basic_block",
        image_shape=(SIDE, SIDE, 3),
    )
    images = keras.Input((SIDE, SIDE, 3))
    pooled = keras.layers.GlobalAveragePooling2D()(body(keras.layers.Rescaling(1 / 255)(images)))
    return keras.Model(images, pooled, name="hub")


def batch():
    labels = np.arange(12) % CLASSES
    noise = np.random.default_rng(0).uniform(0, 80, (12, SIDE, SIDE, 3))
    noise[np.arange(12), ..., labels] += 120.0
    return noise.astype(np.float32), labels


def test_as_a_keras_file_it_is_a_backbone_and_is_exported(features, tmp_path):
    features.save(tmp_path / "hub.keras")
    backbone = build_backbone(str(tmp_path / "hub.keras"), SIDE)
    images, _ = batch()
    np.testing.assert_allclose(backbone(images), features(images), rtol=1e-5, atol=1e-6)
    model = EmbeddingModel(backbone, "BN", num_classes=CLASSES, embedding_dim=8, seed=0)
    folder = export_saved_model(model, tmp_path / "exported")
    serve = tf.saved_model.load(str(folder)).signatures["serving_default"]
    vectors = serve(images=tf.constant(images.astype(np.uint8)))["embedding"]
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-5)


def test_layers_and_callback_heat_it_up_in_fit(features):
    images, labels = batch()
    unit = L2Normalize()(keras.layers.Dense(8)(features.output))
    classifier = TemperatureSoftmaxDense(CLASSES, alpha=16.0)
    model = keras.Model(features.input, classifier(unit))
    model.compile(
        keras.optimizers.SGD(0.05, momentum=0.9),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        jit_compile=False,
    )
    schedule = HeatUp(epochs=4, heated_epochs=2, learning_rate=0.05)
    history = model.fit(
        images, labels, epochs=6, verbose=0, callbacks=[HeatUpCallback(schedule)]
    ).history
    assert history["alpha"] == [16.0] * 4 + [4.0] * 2
    assert history["loss"][3] < history["loss"][0]
